"""Headers and footers that run through a document."""

from typing import Any

import pytest
from doubles.papers import both, document, drawn, lines


def paged(pages: int, header: str, footer: str, text: str = "Sheet {n} has its own words.") -> bytes:
    """Return a PDF with a header and a footer on each page; {n} is the page's number."""

    def page(number: int) -> Any:
        return both(
            lines(header.format(n=number), y=805, size=9),
            lines(text.format(n=number)),
            lines(footer.format(n=number, more=number + 4), y=30, size=9),
        )

    return drawn(*(page(number) for number in range(1, pages + 1)))


@pytest.mark.parametrize(
    "footer",
    ["Page {n} of 6", "{n}", "- {n} -", "Confidential · {n}", "Chapter four, of journeys {n}", "{more}"],
)
def test_they_are_kept_once(footer: str) -> None:
    """What is on every page, but for the page's number, is text of the first alone."""
    blocks = document(paged(6, "ACME Handbook", footer)).text.split("\n\n")

    own = [f"Sheet {number} has its own words." for number in range(1, 7)]
    assert ["ACME Handbook", footer.format(n=1, more=5), *own] == blocks


def test_a_sentence_runs_on_around_them() -> None:
    """A footer and a header do not break a sentence that goes on behind the page."""
    text = document(paged(4, "ACME Handbook", "Page {n}", "and the words of sheet {n}")).text

    assert "and the words of sheet 1 and the words of sheet 2 and the words of sheet 3" in text


def test_numbers_that_are_no_pages() -> None:
    """What differs by another number is text of each page."""
    text = document(paged(4, "Invoice 471{n}", "net")).text

    assert all(f"Invoice 471{number}" in text for number in range(1, 5))


def test_headings_at_the_top() -> None:
    """A heading that counts as the pages do is no header."""

    def page(number: int) -> Any:
        return both(lines(f"Chapter {number}", y=790, size=18), lines("Its text is here."))

    text = document(drawn(*(page(number) for number in range(1, 6)))).text

    assert all(f"# Chapter {number}" in text for number in range(1, 6))


def test_the_same_line_in_the_middle() -> None:
    """A line that comes on every page is dropped only where headers and footers stand."""
    text = document(drawn(*(lines("Signature of the insured", y=400) for _ in range(4)))).text

    assert 4 == text.count("Signature of the insured")


def test_left_and_right_pages() -> None:
    """Headers of left and right pages are kept once each."""
    pages = [
        both(
            lines("ACME" if number % 2 else "Travel rules", y=805, size=9), lines(f"Words of sheet {number}.")
        )
        for number in range(8)
    ]

    text = document(drawn(*pages)).text

    assert (1, 1) == (text.count("ACME"), text.count("Travel rules"))
