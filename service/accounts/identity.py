"""What a guard learns about a request, and all that a page may know."""

from typing import Literal

import msgspec

Role = Literal["user", "admin"]


class Identity(msgspec.Struct, frozen=True):
    """Who sends this request, how that was remembered (`approach`), and which of the member's logins it is."""

    member_id: str
    username: str
    role: str
    login_id: str
    approach: str

    def view(self) -> dict[str, str]:
        """Return the member as clients see them."""
        return {"id": self.member_id, "username": self.username, "role": self.role}
