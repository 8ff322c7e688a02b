"""The members of every lab. The lab prints their passwords on its home page.

They are defined here and not in the lab: a lab leaves them in the database, and a server without the lab must refuse
these passwords.
"""

from dataclasses import dataclass

from service.accounts.identity import Role

LOAD_PASSWORD = "load"  # noqa: S105
DEFAULT_LOAD_MEMBERS = 1000

GUEST = "guest"


@dataclass(frozen=True)
class DemoMember:
    """A member for the walkthroughs."""

    username: str
    password: str
    role: Role

    def view(self) -> dict[str, str]:
        """Return the member's data for a lab's home page."""
        return {"username": self.username, "password": self.password, "role": self.role}


DEMO_MEMBERS = (
    DemoMember("alice", "wonderland", "user"),
    DemoMember("bob", "builder", "user"),
    DemoMember("carol", "classroom", "admin"),
)


PUBLIC_PASSWORDS = frozenset({LOAD_PASSWORD, *(demo.password for demo in DEMO_MEMBERS)})


def is_public(username: str, password: str) -> bool:
    """Return whether the lab publishes this password of this member."""
    load_member = username.startswith("load-") and password == LOAD_PASSWORD
    return load_member or any((demo.username, demo.password) == (username, password) for demo in DEMO_MEMBERS)


def is_shared_member(username: str) -> bool:
    """Return whether any visitor of a lab can act as this member: the guest, or one with a published password."""
    return username == GUEST or username.startswith("load-") or username in (demo.username for demo in DEMO_MEMBERS)
