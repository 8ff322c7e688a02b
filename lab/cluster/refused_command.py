"""The refusal of a command to the supervisor."""


class RefusedCommand(Exception):
    """A command cannot be executed: an HTTP status, a stable code, and one line that says why."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
