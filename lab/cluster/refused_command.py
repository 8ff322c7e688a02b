"""How the supervisor answers a command that it does not carry out."""


class RefusedCommand(Exception):
    """A command that cannot be carried out: an HTTP status, a stable code, and one line that says why."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
