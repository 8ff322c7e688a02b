"""Save the charts of a run's report as images: `python -m bench.plots RUN…`.

RUN is a run's folder. `docs/results/` has these images and the data, but not the reports, because they contain Plotly's
script: `python -m loadtests report RUN` writes one again.
"""

import sys
from pathlib import Path

from bench import browser
from loadtests.results import REPORT

SIZE = {"width": 1100, "height": 900}


def main(runs: list[Path]) -> None:
    """Write `chart-1.png` and so on, in English and in the light theme."""
    with browser.opened() as chromium:
        page = chromium.new_context(viewport=SIZE, color_scheme="light", locale="en").new_page()
        for run in runs:
            page.goto((run / REPORT).resolve().as_uri())
            figures = page.locator("figure:has(.js-plotly-plot)")
            figures.first.wait_for()
            for number, figure in enumerate(figures.all(), start=1):
                figure.screenshot(path=run / f"chart-{number}.png")


if __name__ == "__main__":
    main([Path(run) for run in sys.argv[1:]])
