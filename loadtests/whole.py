"""Write files atomically: a full disk leaves the old content, and no partial file."""

import os
from contextlib import suppress
from pathlib import Path

from service.terminal import _


class CannotWrite(Exception):
    """A file of a run could not be written. The message names the file and the cause."""


def write_whole(file: Path, text: str) -> None:
    """Replace the file's content by `text`. Raise `CannotWrite`, and then the file is unchanged."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, "utf-8", newline="")
        new.replace(file)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise CannotWrite(_("%(path)s cannot be written (%(why)s)", path=file, why=error.strerror)) from None


def append_line(file: Path, line: str) -> None:
    """Append one line. Raise `CannotWrite`, and then no part of the line is left."""
    before = file.stat().st_size
    try:
        with open(file, "a", encoding="utf-8") as lines:
            lines.write(f"{line}\n")
    except OSError as error:
        with suppress(OSError):
            os.truncate(file, before)
        raise CannotWrite(_("%(path)s cannot be written (%(why)s)", path=file, why=error.strerror)) from None
