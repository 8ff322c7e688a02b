"""What the map of the study notes is made of: parts, statements, and where the lab differs from them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A text in Korean and in English. The notes are Korean, so Korean comes first."""

    ko: str
    en: str

    def said_in(self, language: str) -> str:
        """Return it in one language: Korean for `ko`, else English."""
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True)
class Statement:
    """One statement of the notes, in our words.

    `href`: the step of a walk, or the part of a page, where it is seen. `shows`: what has to be there. Of a step these
    are beginnings of lines, such as `request Authorization` or `inside GETEX`, or text in them, or in the step's reason
    (`why`); of a page, its markup.
    `differs`: where the lab differs from the notes, and why. The page at `href` says so too.
    """

    number: int
    href: str
    shows: tuple[str, ...]
    ko: str
    en: str
    differs: Words | None = None

    @property
    def words(self) -> Words:
        """The statement itself."""
        return Words(self.ko, self.en)


@dataclass(frozen=True)
class Topic:
    """A heading of the notes and the statements below it."""

    heading: Words
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter of the notes. `slug`: its address on the page."""

    slug: str
    heading: Words
    topics: tuple[Topic, ...]
