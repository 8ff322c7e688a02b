"""What an order to the supervisor may be answered with, other than being carried out."""


class Refused(Exception):
    """An order that cannot be carried out: an HTTP status, a stable code, and one line that says why."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
