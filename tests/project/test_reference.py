"""docs/reference/ agrees with the code: its transcripts are run, its tables are compared.

SECURITY 34.
"""

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from service.config import Config
from tests.support.lab_processes import Lab

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
CONTRACT, SETTINGS = ((REFERENCE / name).read_text("utf-8") for name in ("http.md", "configuration.md"))
TRANSCRIPTS = re.findall(r"```console\n(.*?)```", CONTRACT, re.DOTALL)
ANYTHING = "…"


def steps(transcript: str) -> list[tuple[str, str]]:
    """Return the transcript's commands, each with what it prints."""
    parts = re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]
    return [(command, printed) for command, _, printed in (part.partition("\n") for part in parts)]


def pattern(printed: str) -> str:
    return ".*".join(re.escape(piece) for piece in printed.split(ANYTHING))


@pytest.mark.own_processes
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=range(len(TRANSCRIPTS)))
def test_a_transcript_prints_what_the_page_says(lab: Lab, tmp_path: Path, transcript: str) -> None:
    script = "echo ---\n".join(f"{command}\n" for command, _ in steps(transcript))
    ran = subprocess.run(
        ["bash", "-c", script.replace("http://127.0.0.1:8000", lab.url)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = ran.stdout.replace("\r", "").split("---\n")
    for (command, printed), output in zip(steps(transcript), said, strict=True):
        assert re.fullmatch(pattern(printed), output), f"$ {command}\n{output}\nthe page says:\n{printed}"


def test_there_is_a_transcript_for_every_approach() -> None:
    everything = "".join(TRANSCRIPTS)
    assert all(f"/{approach}/profile" in everything for approach in ("open", "memory", "session", "token", "hybrid"))


def test_the_configuration_table_is_the_code() -> None:
    """Run `python -m tests.project.test_reference` to write it anew."""
    assert config_table() in SETTINGS


def config_table() -> str:
    rows = [
        f"| `{setting.name.upper()}` | {_default(setting.default)} | {setting.metadata['description']} |"
        for setting in fields(Config)
    ]
    return "\n".join(
        ["<!-- config -->", "| variable | default | what it is |", "|---|---|---|", *rows, "<!-- /config -->"]
    )


def _default(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return f"`{int(value)}`"
    return f"`{value}`".replace(f"{ROOT}/", "").replace("sqlite:////", "sqlite:///")


if __name__ == "__main__":
    table = re.compile(r"<!-- config -->.*<!-- /config -->", re.DOTALL)
    (REFERENCE / "configuration.md").write_text(table.sub(lambda _: config_table(), SETTINGS), "utf-8")
