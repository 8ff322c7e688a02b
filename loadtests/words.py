"""Texts in all languages: a report contains all of them, and its reader chooses one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import NullTranslations
from typing import Any

from babel.support import Translations

from lab.cluster.process import ROOT

LANGUAGES = {"en": "English", "ko": "한국어"}


@dataclass(frozen=True)
class Text:
    """A message and its values, which may be texts too."""

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def said_in(self, language: str) -> str:
        """Return it in one language."""
        message = _translations(language).gettext(self.message)
        values = {name: said_in(value, language) for name, value in self.values.items()}
        return message % values if values else message

    def __str__(self) -> str:
        return self.said_in("en")


def _(message: str, **values: Any) -> Text:
    """Return a text. `pybabel` finds messages by this function's name."""
    return Text(message, values)


def said_in(value: Any, language: str) -> Any:
    """Return a text in one language, and any other value unchanged."""
    return value.said_in(language) if isinstance(value, Text) else value


@cache
def _translations(language: str) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    return Translations.load(ROOT / "translations", [language])
