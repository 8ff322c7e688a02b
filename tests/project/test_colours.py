"""The two hues and everything beside them: named once, and readable in both themes."""

import re
from pathlib import Path

import pytest

from service.approaches import BY_NAME

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
HUES = (*BY_NAME, "other")
READ_ON = [
    *((ink, ground) for ink in ("ink", "ink-soft", "let-in", "refused", "waiting") for ground in ("paper", "surface")),
    *((f"jwt-{part}", ground) for part in ("header", "payload", "signature") for ground in ("paper", "surface")),
    *((hue, ground) for hue in HUES for ground in ("paper", "surface", f"{hue}-wash")),
    *((ink, f"{hue}-wash") for ink in ("ink", "ink-soft") for hue in HUES),
    *(("on-hue", hue) for hue in (*HUES, "ink")),
    ("ink", "sunken"),
    ("refused", "refused-wash"),
]


def colours() -> dict[str, dict[str, str]]:
    """Return the colours of both themes by name."""
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text())
    return {
        "light": {name: light for name, light, _ in pairs},
        "dark": {name: dark for name, _, dark in pairs},
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_ink_can_be_read_on_its_ground(theme: str) -> None:
    named = colours()[theme]
    too_faint = {(ink, ground) for ink, ground in READ_ON if contrast(named[ink], named[ground]) < 4.5}
    assert too_faint == set()
    assert contrast(named["line-strong"], named["surface"]) >= 3  # the edge of a field (WCAG 2.2, 1.4.11)


def test_every_colour_is_named_in_one_file() -> None:
    others = [file for file in TOKENS.parent.rglob("*.css") if file != TOKENS]
    assert len(others) >= 2
    for file in others:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|oklch\(", file.read_text()), file.name
