"""The notes' outline: their chapters in order, and what is seen where."""

from lab.pages.study_notes.outline.fourteen_steps import FOURTEEN_STEPS
from lab.pages.study_notes.outline.jwt import JWT
from lab.pages.study_notes.outline.session import SESSION
from lab.pages.study_notes.outline.token import TOKEN
from lab.pages.study_notes.outline.two_tokens import TWO_TOKENS
from lab.pages.study_notes.statement import Statement

CHAPTERS = (SESSION, TOKEN, JWT, TWO_TOKENS, FOURTEEN_STEPS)
STATEMENTS: tuple[Statement, ...] = tuple(
    statement for chapter in CHAPTERS for topic in chapter.topics for statement in topic.statements
)
