"""What a browser makes of a page's markup, where that differs from what is written."""

from html.parser import HTMLParser


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self.lost: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            if self.is_open:
                self.lost.append(dict(attrs).get("action") or "")
            self.is_open = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_open = False


def lost_forms(text: str) -> list[str]:
    """Where forms inside of another would have gone: a browser drops them, and their buttons press the outer one."""
    forms = _Forms()
    forms.feed(text)
    return forms.lost
