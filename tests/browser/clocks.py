"""Browsers whose clock is not the server's, as on any network of machines that are not kept in time."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

# A second is as harmful as a year: what expires is judged by whole seconds.
YEAR_S = 365 * 86_400
OFF_BY_S = [1, -YEAR_S, *(pytest.param(off_by_s, marks=pytest.mark.nightly) for off_by_s in (-60, 5, 3600, YEAR_S))]

SHIFTED = """\
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + %(ms)d); }
  static now() { return Real.now() + %(ms)d; }
};
"""


@contextmanager
def page_off_by(browser: Browser, lab: str, seconds: int) -> Iterator[Page]:
    """Give a page whose clock is so many seconds ahead of the server's, or behind it."""
    with browser.new_context(base_url=lab) as context:
        context.add_init_script(SHIFTED % {"ms": 1000 * seconds})
        yield context.new_page()
