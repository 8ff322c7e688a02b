"""A part of a page's markup, found by its id."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Part(HTMLParser):
    """Notes where the element with an id begins and ends."""

    def __init__(self, id_: str) -> None:
        super().__init__(convert_charrefs=False)
        self.id, self.open, self.begin, self.end = id_, 0, (0, 0), (0, 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.open and dict(attrs).get("id") == self.id:
            self.begin = self.getpos()
        elif not self.open:
            return
        self.open += tag not in VOID

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open -= 1
            self.end = self.getpos()


def part_of(markup: str, id_: str) -> str:
    """Return the markup of the element with this id, or an empty text if there is none."""
    parser = _Part(id_)
    parser.feed(markup)
    if parser.begin == (0, 0):
        return ""
    lines = markup.splitlines(keepends=True)
    begin, end = (sum(map(len, lines[: line - 1])) + column for line, column in (parser.begin, parser.end))
    return markup[begin:end]
