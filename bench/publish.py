"""Publish a run in the docs: `python -m bench.publish FOLDER` copies its results.json and waterfall.json.

docs/bench.md and its Korean version contain text written by hand. The parts between marks are generated from the data,
which a test checks. Without a folder these parts are generated again from the present data.
"""

import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import waterfall
from bench.arms.left_out import LANGUAGES
from bench.charts import draw, save
from bench.report import Results, Section, as_markdown, leaves_out, sections, warnings
from lab.cluster.process import ROOT

DATA = ROOT / "docs" / "bench"
PAGES = {"en": ROOT / "docs" / "bench.md", "ko": ROOT / "docs" / "bench.ko.md"}
FILES = ("results.json", "waterfall.json")
SHOWN = ("in-process", "http-16")  # the others are collapsed
SAID = {
    "measured": (
        "Measured {started} by `{command}`: {cores} cores, {processor}, Python {python}. "
        "[All rounds and versions](bench/{file}).",
        "{started}에 `{command}`로 측정했습니다: {cores}코어, {processor}, Python {python}. "
        "[모든 라운드와 버전](bench/{file}).",
    ),
    "parts": ("Where the time of {} goes", "{}의 시간이 가는 곳"),
    "no http": ("This run did not measure over HTTP.", "이 측정에는 HTTP가 없습니다."),
    "notes": ("What the run says of itself:", "측정이 스스로에 대해 말하는 것(영어):"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy a run, draw its charts, and generate the pages' parts."""
    folders = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    DATA.mkdir(exist_ok=True)
    for file in (folder / name for folder in folders for name in FILES):
        if file.exists():
            shutil.copy(file, DATA)
    results, parts = (json.loads((DATA / name).read_text()) for name in FILES)
    if folders:
        print(*draw(results, DATA), *save(waterfall.pictures(parts), DATA))
    for language, page in PAGES.items():
        page.write_text(filled(page.read_text("utf-8"), results, parts, language), "utf-8")
    return 0


def filled(text: str, results: Results, parts: Results, language: str) -> str:
    """Return a page with the parts between its marks generated from the data."""
    said = {
        "measured": _measured(results, language),
        "waterfall": _waterfall(parts, language),
        "arms": as_markdown(leaves_out(language), language),
    }
    for mark, content in said.items():
        between = re.compile(rf"(<!-- {mark} -->\n).*(<!-- /{mark} -->)", re.DOTALL)
        text = between.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


def _measured(results: Results, language: str) -> str:
    told = [_section(each, language) for each in sections(results, language)]
    told += [] if results["http"] else [_word("no http", language)]
    notes = [f"- {line}" for line in warnings(results)]
    said = [_word("notes", language), "\n".join(notes)] if notes else []
    return "\n\n".join([_when(results, FILES[0], language), *told, *said])


def _section(section: Section, language: str) -> str:
    chart = f"![{section.title}](bench/{section.key}.svg)"
    tables = [as_markdown(table, language) for table in (section.table, section.ratios) if table[1]]
    if section.key in SHOWN:
        return "\n\n".join([f"### {section.title}", chart, *tables])
    return "\n\n".join([f"<details><summary>{section.title}</summary>", chart, *tables, "</details>"])


def _waterfall(parts: Results, language: str) -> str:
    pictures = [
        f"![{_word('parts', language).format(name)}](bench/waterfall-{waterfall.file_name(name)}.svg)"
        for name in parts["paths"]
    ]
    table = as_markdown(waterfall.table(dict(parts), language), language)
    return "\n\n".join([_when(parts, FILES[1], language), table, *pictures])


def _when(results: Results, file: str, language: str) -> str:
    machine: dict[str, Any] = results["machine"]
    known = {name: machine[name] for name in ("cores", "processor", "python")}
    started = results["started"][:16].replace("T", " ") + " UTC"
    return _word("measured", language).format(started=started, command=results["command"], file=file, **known)


def _word(key: str, language: str) -> str:
    return SAID[key][LANGUAGES.index(language)]


if __name__ == "__main__":
    sys.exit(main())
