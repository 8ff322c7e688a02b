"""Files that are written whole or not at all: a full disk leaves what was there before, and nothing beside it."""

import os
from contextlib import suppress
from pathlib import Path


class CannotWrite(Exception):
    """A file of a run could not be written; the text names the file and says why."""


def write_whole(file: Path, text: str) -> None:
    """Put `text` in the place of what the file held. Raise `CannotWrite`, and leave the file as it was."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, "utf-8", newline="")
        new.replace(file)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise CannotWrite(f"{file} cannot be written ({error.strerror})") from None


def append_line(file: Path, line: str) -> None:
    """Add one line. Raise `CannotWrite`, and leave no part of the line."""
    before = file.stat().st_size
    try:
        with open(file, "a", encoding="utf-8") as lines:
            lines.write(f"{line}\n")
    except OSError as error:
        with suppress(OSError):
            os.truncate(file, before)
        raise CannotWrite(f"{file} cannot be written ({error.strerror})") from None
