"""A passage as a page."""

import pytest

from rag.api.pages.source import origin_of, source_page
from rag.domain import Document, Passage


def passage(uri: str, locator: str = "") -> Passage:
    """Return a passage of the document at that uri."""
    return Passage.create(Document.create(uri=uri, title="Rules", text="Text."), 0, "Text.", locator=locator)


@pytest.mark.parametrize(
    ("uri", "locator", "expected"),
    [
        ("https://x.example/a.pdf", "page 3", "https://x.example/a.pdf#page=3"),
        ("https://x.example/a.PDF?v=2", "pages 3-4", "https://x.example/a.PDF?v=2#page=3"),
        ("http://x.example/a.pdf#", "page 3", "http://x.example/a.pdf#page=3"),
        ("https://x.example/a.pdf#part", "page 3", "https://x.example/a.pdf#part"),
        ("https://x.example/a.pdf", "", "https://x.example/a.pdf"),
        ("https://x.example/a.pdf", "slide 3", "https://x.example/a.pdf"),
        ("https://x.example/a.html?b=.pdf", "page 3", "https://x.example/a.html?b=.pdf"),
        ("files/a.pdf", "page 3", ""),
        ("javascript:alert(1).pdf", "page 3", ""),
        ("http://[broken/a.pdf", "page 3", ""),
    ],
)
def test_the_origin_opens_at_the_page(uri: str, locator: str, expected: str) -> None:
    """A PDF on the web opens at the passage's page; what is no address on the web is no link."""
    assert expected == origin_of(passage(uri, locator))


def test_the_page_says_where_the_passage_stands() -> None:
    """Beside the document's uri."""
    body = bytes(source_page(passage("https://x.example/a.pdf", "page 3"), "").body).decode()

    assert 'href="https://x.example/a.pdf#page=3"' in body
    assert "https://x.example/a.pdf</a> · page 3" in body


def test_a_locator_is_text() -> None:
    """A sheet may have any name."""
    body = bytes(source_page(passage("a.xlsx", "sheet <b>"), "").body).decode()

    assert "a.xlsx · sheet &lt;b&gt;" in body
