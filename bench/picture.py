"""The README's picture: the same log-out by session and by token, `python -m bench.picture docs/log-out.svg`.

It starts a lab, logs alice in both ways, copies both credentials, logs her out, and sends the copies once a second
until the token has expired. Every mark in the picture is an answer of that run. The picture moves by SMIL, also in an
`<img>`. Without SMIL the whole picture stands still.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from urllib.response import addinfourl
from xml.sax.saxutils import escape

from loadtests.hues import THEMES, colours
from loadtests.lab import Lab

ALICE = {"username": "alice", "password": "wonderland"}
LIFETIME_S = 10
BEFORE_S = 2  # seconds logged in before the log-out
WIDTH, LEFT, TOP, LANE = 960, 270, 92, 84
TURN_S = 18  # of the animation, which stands still for the last third

WORDS = {
    "en": {
        "title": "The same log-out, by session and by token",
        "session": "Session",
        "session_is": "a key to what the server keeps",
        "token": "Token",
        "token_is": f"signed, good for {LIFETIME_S} s here",
        "log_out": "log-out",
        "axis": "seconds since the log-out; at each mark a copy of the credential was sent again",
        "at_once": "{status}: refused at once",
        "later": "{status}: refused after {after} s",
    },
    "ko": {
        "title": "같은 로그아웃, 세션과 토큰",
        "session": "세션",
        "session_is": "서버에 보관한 로그인의 열쇠",
        "token": "토큰",
        "token_is": f"서명된 로그인, 여기서는 수명 {LIFETIME_S} s",
        "log_out": "로그아웃",
        "axis": "로그아웃 뒤 지난 초. 표시마다 복사한 인증 정보를 다시 보냈습니다.",
        "at_once": "{status}: 바로 거부",
        "later": "{status}: {after} s 뒤에 거부",
    },
}

COLOURS = ("paper", "ink", "ink-soft", "line", "session", "token", "let-in", "refused")
STYLE = """
svg { font-family: system-ui, sans-serif; }
.paper { fill: var(--paper); } text { fill: var(--ink); font-size: 17px; }
.soft { fill: var(--ink-soft); font-size: 14px; }
.title { font-size: 22px; font-weight: 650; } .name { font-size: 20px; font-weight: 650; }
.session { fill: var(--session); } .token { fill: var(--token); } .line { stroke: var(--line); stroke-width: 2; }
.at { stroke: var(--ink-soft); stroke-width: 2; stroke-dasharray: 4 4; }
.mark { font-size: 20px; text-anchor: middle; } .middle { text-anchor: middle; }
.in { fill: var(--let-in); } .refused { fill: var(--refused); }
"""


def _colours() -> str:
    light, dark = ("".join(f" --{name}: {colours(theme)[name]};" for name in COLOURS) for theme in THEMES)
    return f"\nsvg {{{light} }}\n@media (prefers-color-scheme: dark) {{ svg {{{dark} }} }}"


@dataclass(frozen=True)
class Answer:
    """What a copied credential was answered with. `second`: since the log-out, below 0 before it."""

    second: float
    status: int


Story = Mapping[str, Sequence[Answer]]


def tell(url: str, lifetime_s: int = LIFETIME_S) -> Story:
    """Return what the lab at `url` answered to the copied credentials, by approach."""
    copies = {"session": _session_copy(url), "token": _token_copy(url, lifetime_s)}
    answers: dict[str, list[Answer]] = {approach: [] for approach in copies}
    logged_out = perf_counter() + BEFORE_S

    def send(second: int) -> None:
        sleep(max(0.0, logged_out + second - perf_counter()))
        for approach, headers in copies.items():
            with _answer(Request(f"{url}/{approach}/profile", headers=headers)) as answer:
                answers[approach].append(Answer(perf_counter() - logged_out, answer.status))

    for second in range(-BEFORE_S, 0):
        send(second)
    sleep(max(0.0, logged_out - perf_counter()))
    for approach, headers in copies.items():
        _answer(Request(f"{url}/{approach}/logout", headers=headers, method="POST")).close()
    for second in range(lifetime_s):
        send(second)
    return answers


def _session_copy(url: str) -> dict[str, str]:
    with _log_in(f"{url}/session/login", {}) as answer:
        return {"Cookie": str(answer.headers["Set-Cookie"]).partition(";")[0]}


def _token_copy(url: str, lifetime_s: int) -> dict[str, str]:
    with _log_in(f"{url}/token/login", {"access_ttl_s": lifetime_s}) as answer:
        return {"Authorization": f"Bearer {json.load(answer)['access_token']}"}


def _log_in(url: str, fields: Mapping[str, int]) -> addinfourl:
    body = json.dumps({**ALICE, **fields}).encode()
    return _answer(Request(url, body, {"Content-Type": "application/json"}))


def _answer(request: Request) -> addinfourl:
    try:
        return cast(addinfourl, urlopen(request))
    except HTTPError as refusal:  # an answer as well
        return refusal


def draw(story: Story, language: str) -> str:
    """Return the picture of a story as SVG."""
    words = WORDS[language]
    bottom = TOP + LANE * len(story)
    height = bottom + 64
    names, lanes = [], []
    for number, (approach, answers) in enumerate(story.items()):
        y = TOP + LANE * number + LANE // 2
        names += [
            _text(24, y - 4, words[approach], f"name {approach}"),
            _text(24, y + 18, words[f"{approach}_is"], "soft"),
        ]
        lanes += [_lane(words, answers, y)]
    ticks = [_text(_x(second), bottom + 20, str(second), "soft middle") for second in range(0, LIFETIME_S, 2)]
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" lang="{language}" role="img">
<title>{escape(words["title"])}</title>
<style>{_colours()}{STYLE}</style>
<clipPath id="past"><rect width="{WIDTH}" height="{height}">
<animate attributeName="width" values="{LEFT};{WIDTH};{WIDTH}" keyTimes="0;0.66;1" dur="{TURN_S}s"
  repeatCount="indefinite"/>
</rect></clipPath>
<rect class="paper" width="{WIDTH}" height="{height}" rx="10"/>
{_text(24, 40, words["title"], "title")}
{"".join(names)}
<line class="at" x1="{_x(0)}" y1="{TOP}" x2="{_x(0)}" y2="{bottom}"/>
{_text(_x(0), TOP - 10, words["log_out"], "middle")}
{_text(LEFT, bottom + 46, words["axis"], "soft")}
{"".join(ticks)}
<g clip-path="url(#past)">
{"".join(lanes)}
</g>
</svg>
"""


def _lane(words: Mapping[str, str], answers: Sequence[Answer], y: int) -> str:
    """Return an approach's answers as marks, and when its copy was refused for the first time."""
    refused = [answer for answer in answers if answer.status >= HTTPStatus.BAD_REQUEST]
    let_in = [answer for answer in answers if answer not in refused]
    marks = [_text(_x(answer.second), y + 4, "✓", "mark in") for answer in let_in]
    marks += [_text(_x(answer.second), y + 4, "✕", "mark refused") for answer in refused]
    line = f'<line class="line" x1="{LEFT}" y1="{y + 14}" x2="{WIDTH - 40}" y2="{y + 14}"/>'
    first = refused[0]
    said = words["at_once" if first.second < 1 else "later"].format(status=first.status, after=f"{first.second:.0f}")
    return "".join([line, *marks, _text(min(_x(first.second) + 10, WIDTH - 170), y - 18, said, "soft")])


def _x(second: float) -> float:
    return round(LEFT + (second + BEFORE_S) * (WIDTH - LEFT - 60) / (BEFORE_S + LIFETIME_S), 1)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(text)}</text>\n'


def main(file: Path) -> None:
    """Write the picture to `file`, and in Korean beside it."""
    with TemporaryDirectory() as folder, Lab(Path(folder)) as lab:
        story = tell(lab.wait_until_ready().url)
    for language in WORDS:
        target = file if language == "en" else file.with_suffix(f".{language}.svg")
        target.write_text(draw(story, language), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
