"""Files in the instance folder with which commands find a running lab."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.config import BadConfig, Config, make_folder
from service.terminal import _


def store_file(config: Config) -> Path:
    """Return the file with the address of a running lab's embedded store."""
    return config.instance_dir / "store.url"


def control_file(config: Config) -> Path:
    """Return the file with the path of the supervisor's socket file."""
    return config.instance_dir / "control.path"


@contextmanager
def discovery_file(text: str, file: Path) -> Iterator[None]:
    """Write `text` to `file` while the context is open. Raise `BadConfig` if the folder cannot be used."""
    make_folder("INSTANCE_DIR", file.parent)
    try:
        write_discovery_file(text, file)
    except OSError as error:
        why = _("%(path)s cannot be written (%(why)s)", path=file.parent, why=error.strerror)
        raise BadConfig(f"INSTANCE_DIR: {why}") from None
    try:
        yield
    finally:
        remove_discovery_file(text, file)


def write_discovery_file(text: str, file: Path) -> None:
    """Write the file atomically, readable by its owner only. Raise `OSError`."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as new:  # mode 0600
        new.write(text)
    Path(new.name).replace(file)


def remove_discovery_file(text: str, file: Path) -> None:
    """Remove the file if it still has our text. Another lab's file stays."""
    with suppress(OSError):
        if file.read_text() == text:
            file.unlink()
