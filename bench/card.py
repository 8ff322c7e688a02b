"""The card that a chat shows beside a link: `python -m bench.card static/img` writes card.png and card.ko.png.

It says what the README's picture says. A card cannot be an SVG, so the system's Chromium draws ours into a PNG.
"""

import sys
from pathlib import Path
from xml.sax.saxutils import escape

from bench.browser import opened
from loadtests.hues import colours

WIDTH, HEIGHT = 1200, 630
LEFT, RIGHT, STEP, LOG_OUT = 380, 1110, 76, 570  # of the marks, and where the log-out is
EXPIRES = 960  # where the token expires

WORDS = {
    "en": {
        "title": "Session or token?",
        "asks": "The same log-out. How long does a stolen copy work?",
        "session": "Session",
        "token": "Token",
        "log_out": "log-out",
        "at_once": "refused at once",
        "later": "refused when it expires",
    },
    "ko": {
        "title": "세션인가, 토큰인가?",
        "asks": "같은 로그아웃, 탈취한 사본은 언제까지 통합니까?",
        "session": "세션",
        "token": "토큰",
        "log_out": "로그아웃",
        "at_once": "바로 거부",
        "later": "만료되어야 거부",
    },
}
MARKS = {"let-in": "M-13 1L-4 11L14 -11", "refused": "M-11 -11L11 11M11 -11L-11 11"}


def draw(language: str) -> str:
    """Return the card as SVG."""
    words, colour = WORDS[language], colours("light")
    lanes = (("session", 335, LOG_OUT, words["at_once"], ""), ("token", 490, EXPIRES, words["later"], "22 20"))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" lang="{language}"
  font-family="system-ui, sans-serif" stroke-linecap="round" fill="none">
<rect width="{WIDTH}" height="{HEIGHT}" fill="{colour["paper"]}"/>
<g transform="translate(72 62) scale(3)" stroke-width="4">
<path d="M14 5a11.2 11.2 0 0 0 0 22" stroke="{colour["session"]}"/>
<path d="M18 5a11.2 11.2 0 0 1 0 22" stroke="{colour["token"]}" stroke-dasharray="5.4 6.4"/>
<circle cx="16" cy="16" r="3.2" fill="{colour["ink-soft"]}"/></g>
{_text(200, 136, words["title"], 76, colour["ink"], 700)}
{_text(80, 222, words["asks"], 36, colour["ink-soft"])}
<path d="M{LOG_OUT} 290V560" stroke="{colour["ink-soft"]}" stroke-width="3" stroke-dasharray="1 11"/>
{_text(LOG_OUT, 596, words["log_out"], 28, colour["ink-soft"], anchor="middle")}
{"".join(_lane(words[name], colour, colour[name], *lane) for name, *lane in lanes)}
</svg>
"""


def _lane(name: str, colour: dict[str, str], hue: str, y: int, ends: int, says: str, dashes: str) -> str:
    """Return one approach: its line, and a mark for each time that the copy is sent. From `ends` on it is refused."""
    marks = ""
    for x in range(LEFT, RIGHT, STEP):
        verdict = "let-in" if x < ends else "refused"
        marks += f'<path transform="translate({x} {y - 40})" d="{MARKS[verdict]}" stroke="{colour[verdict]}"/>'
    first_refused = next(x for x in range(LEFT, RIGHT, STEP) if x >= ends)
    end_anchor = "start" if first_refused < WIDTH * 2 / 3 else "end"
    at = first_refused - 14 if end_anchor == "start" else RIGHT
    return (
        f'{_text(80, y - 4, name, 50, hue, 700)}<g stroke-width="6" stroke-linejoin="round">{marks}</g>'
        f'<path d="M{LEFT - 20} {y}H{RIGHT}" stroke="{hue}" stroke-width="7" stroke-dasharray="{dashes}"/>'
        f"{_text(at, y + 44, says, 28, colour['refused'], anchor=end_anchor)}"
    )


def _text(x: int, y: int, text: str, size: int, colour: str, weight: int = 400, anchor: str = "start") -> str:
    look = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {look}>{escape(text)}</text>'


def main(folder: Path) -> None:
    """Write the cards of both languages."""
    with opened() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        for language in WORDS:
            page.set_content(f'<body style="margin: 0">{draw(language)}</body>')
            name = "card.png" if language == "en" else f"card.{language}.png"
            page.screenshot(path=folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
