"""Headings as the path that leads to a section."""

import pytest

from rag.library.sections import sections


def outline(text: str, title: str = "Title") -> list[tuple[str, str]]:
    """Return title and text of each section."""
    return [
        (each.title, "\n".join(each.words) or text[each.start : each.end].strip())
        for each in sections(title, text)
    ]


def test_headings_are_a_path_by_their_levels() -> None:
    """A heading stands below those of lower levels; one of its own level takes its place."""
    text = "# A\n\na\n\n## B\n\nb\n\n### C\n\nc\n\n## D\n\nd\n\n# E\n\n### F\n\nf\n"

    assert outline(text) == [
        ("Title - A", "a"),
        ("Title - A - B", "b"),
        ("Title - A - B - C", "c"),
        ("Title - A - D", "d"),
        ("Title - E - F", "f"),
    ]


@pytest.mark.parametrize(
    "first", ["# Title", "## Title", "# title", "# **Title**", "#  Title  #", "Title\n====="]
)
def test_the_title_is_not_repeated(first: str) -> None:
    """A first heading that says the document's title again adds nothing."""
    assert outline(f"{first}\n\na\n\n## B\n\nb\n") == [("Title", "a"), ("Title - B", "b")]


def test_text_before_the_first_heading() -> None:
    """It stands under the document's title, or under nothing."""
    assert outline("a\n\n# B\n\nb") == [("Title", "a"), ("Title - B", "b")]
    assert outline("a\n\n# B\n\nb", title="") == [("", "a"), ("B", "b")]


def test_headings_with_nothing_below_them_are_text() -> None:
    """They are told in one section under what is above them, before what follows."""
    text = "# A\n\n## B\n\n## C\n\n## D\n\nd\n\n## E\n"

    assert outline(text) == [("Title - A", "B\nC"), ("Title - A - D", "d"), ("Title - A", "E")]


def test_a_heading_with_headings_alone_below_it() -> None:
    """It is told by their title, and not again."""
    assert outline("# A\n\n## B\n\n# C\n\nc\n") == [("Title - A", "B"), ("Title - C", "c")]


def test_a_document_of_headings_alone() -> None:
    """They are its text, the title's own too."""
    assert outline("# Title\n\n## B\n\n# C") == [("Title", "Title\nB\nC")]


def test_a_long_path_keeps_its_end() -> None:
    """Of too many headings the title tells the deepest; those above are told once, as text."""
    words = [f"{'word ' * 14}{letter}" for letter in "abcde"]
    text = "".join(f"{'#' * level} {each}\n\n" for level, each in enumerate(words, start=1)) + "Text.\n"

    found = outline(text)

    assert max(len(title) for title, _ in found) < 230
    assert found[-1] == (f"Title - {words[3]} - {words[4]}", "Text.")
    assert [each for each in words if not any(each in f"{title}\n{text}" for title, text in found)] == []


def test_an_empty_heading_is_nothing() -> None:
    """Marks without words neither end a path nor stand in a title."""
    assert outline("# A\n\na\n\n##\n\nb\n") == [("Title - A", "a"), ("Title - A", "b")]


def test_headings_in_lists_and_quotations_are_text() -> None:
    """They head nothing outside."""
    assert outline("> # A\n\nb\n\n- # C\n\nd\n") == [("Title", "> # A\n\nb\n\n- # C\n\nd")]
