"""The result of a guard. Pages use nothing else about the login."""

from typing import Literal

import msgspec

Role = Literal["user", "admin"]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends this request, by which `approach`, and which of the member's logins it is.

    The name is also the member's id (`Member`).
    """

    username: str
    role: str
    login_id: str
    approach: str

    def view(self) -> dict[str, str]:
        """Return the member as JSON data for clients."""
        return {"id": self.username, "username": self.username, "role": self.role}
