"""The members that every lab has, whose passwords it prints on its home page.

They are known here, and not in the lab alone: a lab leaves them in the database, and what runs on that database without
a lab has to refuse these passwords.
"""

from dataclasses import dataclass

from service.accounts.identity import Role

LOAD_PASSWORD = "load"  # noqa: S105
DEFAULT_LOAD_MEMBERS = 1000

GUEST = "guest"


@dataclass(frozen=True)
class DemoMember:
    """A member to log in as in a walkthrough."""

    username: str
    password: str
    role: Role

    def view(self) -> dict[str, str]:
        """Return what a lab's home page says of the member."""
        return {"username": self.username, "password": self.password, "role": self.role}


DEMO_MEMBERS = (
    DemoMember("alice", "wonderland", "user"),
    DemoMember("bob", "builder", "user"),
    DemoMember("carol", "classroom", "admin"),
)


PUBLIC_PASSWORDS = frozenset({LOAD_PASSWORD, *(demo.password for demo in DEMO_MEMBERS)})


def is_public(username: str, password: str) -> bool:
    """Tell whether everybody knows this password of this member, because the lab says it aloud."""
    load_member = username.startswith("load-") and password == LOAD_PASSWORD
    return load_member or any((demo.username, demo.password) == (username, password) for demo in DEMO_MEMBERS)


def is_everybody(username: str) -> bool:
    """Tell whether a lab lets every visitor act as this member: the guest, or one whose password it says aloud."""
    return username == GUEST or username.startswith("load-") or username in (demo.username for demo in DEMO_MEMBERS)
