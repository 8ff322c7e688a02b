"""Measure each page's first paint and transferred bytes: `python -m bench.pages [ROUNDS]`.

A browser with an empty cache opens each page of a lab with two nodes on this machine. Rounds are interleaved.
"""

import random
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from bench import browser
from bench.cluster import running_lab

FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
PAGES = (
    "/",
    "/walkthrough/session",
    "/walkthrough/fourteen-steps",
    "/walkthrough/cases",
    "/compare",
    "/jwt",
    "/keys",
    "/storage",
    "/tcp",
    "/scale-out",
    "/session/login",
    "/session/profile",
    "/token/profile",
)


def main(rounds: int) -> None:
    """Run the rounds and print a table."""
    painted: dict[str, list[float]] = {path: [] for path in PAGES}
    weights: dict[str, int] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_lab(Path(folder), 2, lambda _name, _value: None) as (port, _),
        browser.opened() as chromium,
    ):
        for _ in range(rounds):
            for path in random.sample(PAGES, len(PAGES)):
                paint_ms, weights[path] = visit(chromium, f"http://127.0.0.1:{port}{path}")
                painted[path].append(paint_ms)
    print(f"{rounds} interleaved rounds\n\n{'page':<32}{'first paint, ms':>16}{'max':>8}{'bytes':>10}")
    for path, taken in painted.items():
        print(f"{path:<32}{statistics.median(taken):>16.0f}{max(taken):>8.0f}{weights[path]:>10}")


def visit(chromium: Browser, url: str) -> tuple[float, int]:
    """Open a page with an empty cache. Return its first contentful paint in ms, and the received bytes."""
    with chromium.new_context() as context:
        page, sizes = context.new_page(), []
        page.on("response", lambda response: sizes.append(len(response.body())))
        page.goto(url)
        page.wait_for_timeout(500)
        return float(page.evaluate(FIRST_PAINT)), sum(sizes)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
