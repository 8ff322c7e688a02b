"""Requests that a test holds back: what comes late, comes when the test wants it, on however slow a machine."""

from playwright.sync_api import Page, Route


def hold(page: Page, path: str) -> list[Route]:
    """Hold the first request to this path back, until the test lets it continue."""
    held: list[Route] = []

    def take(route: Route) -> None:
        route.continue_() if held else held.append(route)

    page.route(f"**{path}", take)
    return held


def let_go(page: Page, held: list[Route]) -> None:
    """Let the request continue to the server, once the page has sent it."""
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
