"""`python -m lab.pages.study_notes.document`: write docs/study-notes.md from the outline."""

from collections.abc import Iterator

from lab.pages.study_notes.outline import CHAPTERS
from lab.pages.study_notes.statement import Statement
from service.config import ROOT

DOCUMENT = ROOT / "docs" / "study-notes.md"
LAB = "http://127.0.0.1:8000"
BEGINNING = """\
# 학습 노트와 실습실

학습 노트의 문장 115개를 노트의 차례대로, 다른 말로 적었습니다. 번호 옆의 링크는 그 문장을 직접 보는 단계를 엽니다.
먼저 `make demo`로 실습실을 켭니다. 같은 목록이 실습실의 `/study-notes`에 있고, 거기서는 본 것에 표시할 수 있습니다.

번호는 이렇게 매겼습니다. 제목, 그림, 참고 링크는 세지 않습니다. 그 밖의 문장, 목록의 항목, 인용한 줄은 하나씩 셉니다.
한 항목에 주장이 둘 있으면 둘로 셉니다: 13·14, 51·52, 61·62, 83·84, 86·87, 102·103. 구조의 세 부분은 31~33입니다.

*The study notes’ 115 statements, in their order and in other words. The link beside a number opens the step where you
see it. Start the lab with `make demo` first. `/study-notes` in the lab is the same list, with boxes to tick. How they
are numbered: headings, pictures and references do not count; every other sentence, list item and quoted line does; an
item with two claims counts twice (the pairs above), and the three parts of a token are 31 to 33.*

<!-- Written by `python -m lab.pages.study_notes.document`. -->
"""


def document() -> str:
    """Return the whole document."""
    return "\n".join([BEGINNING, *_lines()])


def _lines() -> Iterator[str]:
    for chapter in CHAPTERS:
        yield f"## {chapter.heading.ko}\n\n*{chapter.heading.en}*\n"
        for topic in chapter.topics:
            yield f"### {topic.heading.ko}\n\n*{topic.heading.en}*\n"
            yield from map(_entry, topic.statements)


def _entry(statement: Statement) -> str:
    number, href = statement.number, statement.href
    lines = [
        f'<a id="statement-{number}" data-statement="{number}"></a>**{number}.** {statement.ko}  ',
        f"*{statement.en}*  ",
        f"→ [`{href}`]({LAB}{href})",
    ]
    if statement.differs:
        lines[-1] += "  "
        lines += [
            f"**노트와 다른 점:** {statement.differs.ko}  ",
            f"*Where the notes differ: {statement.differs.en}*",
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
