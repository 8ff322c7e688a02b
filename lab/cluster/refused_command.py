"""The refusal of a command to the supervisor."""


class RefusedCommand(Exception):
    """A command cannot be executed: an HTTP status, a stable code, and `detail`, one line that says why.

    `detail` is `text` with its %(values)s filled in, so that a terminal can say it in another language.
    """

    def __init__(self, status: int, code: str, text: str, **values: object) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.values = values
        self.detail = text % values if values else text
        super().__init__(self.detail)
