"""The charts of a run's report as pictures beside it: `python -m bench.plots RUN…`.

RUN is a run's folder. `docs/results/` keeps these pictures and the data; the reports hold Plotly's script and are not
kept: `python -m loadtests report RUN` writes one anew.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from loadtests.results import REPORT

SIZE = {"width": 1100, "height": 900}


def main(runs: list[Path]) -> None:
    """Take `chart-1.png` and so on, in English and on white."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport=SIZE, color_scheme="light", locale="en").new_page()
        for run in runs:
            page.goto((run / REPORT).resolve().as_uri())
            figures = page.locator("figure:has(.js-plotly-plot)")
            figures.first.wait_for()
            for number, figure in enumerate(figures.all(), start=1):
                figure.screenshot(path=run / f"chart-{number}.png")
        browser.close()


if __name__ == "__main__":
    main([Path(run) for run in sys.argv[1:]])
