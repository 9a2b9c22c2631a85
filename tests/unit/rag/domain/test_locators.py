"""Where a stretch of a document stands, in words."""

import pytest

from rag.domain import Document, Locator, Passage
from rag.domain.locators import joined, located

PAGES = tuple(
    Locator(start=start, kind="page", name=str(page)) for page, start in enumerate((0, 10, 20), start=1)
)
SHEETS = tuple(
    Locator(start=n * 10, kind="sheet", name=name) for n, name in enumerate(("A", "B", "C-D", "E", "F"))
)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 5, "page 1"),
        (0, 10, "page 1"),
        (0, 11, "pages 1-2"),
        (10, 20, "page 2"),
        (5, 25, "pages 1-3"),
        (30, 40, "page 3"),
    ],
)
def test_pages(start: int, end: int, expected: str) -> None:
    """A page ends where the next begins; the last one goes on."""
    assert expected == located(PAGES, start, end)


def test_other_kinds() -> None:
    """Names that are no numbers are listed; of many the first and the last."""
    assert located(SHEETS, 0, 5) == "sheet A"
    assert located(SHEETS, 0, 25) == "sheets A, B, C-D"
    assert located(SHEETS, 0, 50) == "sheets A to F"
    assert located((Locator(start=0, kind="slide", name="2"),), 0, 5) == "slide 2"


def test_what_is_not_known() -> None:
    """Without locators, and before the first, there is nothing to say."""
    assert located((), 0, 5) == ""
    assert located((Locator(start=10, kind="page", name="1"),), 0, 5) == ""
    assert located((Locator(start=10, kind="page", name="1"),), 0, 15) == "page 1"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("page 3", "page 4", "pages 3-4"),
        ("page 3", "page 3", "page 3"),
        ("pages 3-4", "pages 4-6", "pages 3-6"),
        ("page 3", "", "page 3"),
        ("", "page 3", "page 3"),
        ("", "", ""),
        ("sheet A", "sheet B", "sheets A, B"),
        ("page 3", "slide 2", "page 3"),
    ],
)
def test_joined(first: str, last: str, expected: str) -> None:
    """Two that touch become one range."""
    assert expected == joined(first, last)


def test_the_name_of_a_passage() -> None:
    """What is cited says where it stands."""
    titled = Document.create(uri="a.pdf", title="Rules", text="x")
    bare = Document.create(uri="a.pdf", text="x")

    assert Passage.create(titled, 0, "x", locator="page 3").name == "Rules, page 3"
    assert Passage.create(titled, 0, "x").name == "Rules"
    assert Passage.create(bare, 0, "x", locator="page 3").name == "a.pdf, page 3"
