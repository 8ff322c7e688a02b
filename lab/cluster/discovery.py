"""Discovery files: small files in the instance folder, by which commands typed beside a running lab find it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.config import BadConfig, Config, make_folder


def store_file(config: Config) -> Path:
    """Return where a running lab says its embedded store's address."""
    return config.instance_dir / "store.url"


def control_file(config: Config) -> Path:
    """Return where a running lab says which socket file its supervisor listens on."""
    return config.instance_dir / "control.path"


@contextmanager
def discovery_file(text: str, file: Path) -> Iterator[None]:
    """Let others read `text` in `file` meanwhile. Raise `BadConfig` if the folder cannot be used."""
    make_folder("INSTANCE_DIR", file.parent)
    try:
        write_discovery_file(text, file)
    except OSError as error:
        raise BadConfig(f"INSTANCE_DIR: {file.parent} cannot be written ({error.strerror})") from None
    try:
        yield
    finally:
        remove_discovery_file(text, file)


def write_discovery_file(text: str, file: Path) -> None:
    """Write the file whole or not at all, for our own eyes only. Raise `OSError`."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as new:  # made 0600
        new.write(text)
    Path(new.name).replace(file)


def remove_discovery_file(text: str, file: Path) -> None:
    """Take our own word back; another lab's stays."""
    with suppress(OSError):
        if file.read_text() == text:
            file.unlink()
