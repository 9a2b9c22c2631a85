"""What xberg gives, as documents have it."""

import time

import pytest

from rag.adapters.readers.formats import results


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (r"a \< b \*x\* C:\\new \[1\] 1\. one", r"a < b *x* C:\new [1] 1. one"),
        (r"| a \| b | C:\\\| |", r"| a \| b | C:\\| |"),
        ("```\na \\< b\n```", "```\na \\< b\n```"),
        ("`a \\< b` \\< c", "`a \\< b` < c"),
        ("$$a \\{b\\}$$", "$$a \\{b\\}$$"),
        ("\\`\\`\\`\n\ntext \\<", "\\`\\`\\`\n\ntext <"),
        ("![The plan](media/image1.png) ![image](image_0.png) ![](data:image/png;base64,AAAA)", "The plan"),
        ("![a](https://example.org/a.png)", "![a](https://example.org/a.png)"),
        ("text[^1]\n\n[^1]:\n    A foot.", "text[^1]\n\n[^1]: A foot."),
        ("one\n\n\n\ntwo   \n", "one\n\ntwo"),
    ],
)
def test_markdown(given: str, kept: str) -> None:
    """Letters stand as the file has them, code and formulas as they are, pictures as what describes them."""
    assert kept == results.markdown(given)


@pytest.mark.parametrize("mark", ["![", "![a](data:", "\\", "`", "$$", "```", "[^", "~~~\n", "data:a,"])
def test_markdown_of_many_marks(mark: str) -> None:
    """Marks that open and never close take no time that grows with their square."""
    began = time.monotonic()
    results.markdown(mark * 30_000)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "automatic",
    ["untitled", "Untitled 3", "Microsoft Word - report.doc", "Presentation1", "PowerPoint Presentation", "Document 2",
     "PowerPoint-Präsentation", "Présentation PowerPoint", "Book1", "Mappe1", "report.docx", "", "  "],
)  # fmt: skip
def test_automatic_titles(automatic: str) -> None:
    """What programs write into the title by themselves is no title."""
    assert results.given_title(automatic) == ""


@pytest.mark.parametrize(
    "given", ["Document retention", "Presentation skills", "Book of rules", "Untitled works of Bach"]
)
def test_given_titles(given: str) -> None:
    """A title that begins like one of a program is one all the same."""
    assert given == results.given_title(given)


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2024-03-01T10:00:00Z", "2024-03-01T10:00:00Z"),
        ("2024", "2024"),
        ("Fri, 01 Mar 2024 10:00:00 +0100", "2024-03-01T10:00:00+01:00"),
        ("yesterday", ""),
        (None, ""),
    ],
)
def test_dates(written: str | None, date: str) -> None:
    """Dates are ISO 8601; what is none is left out."""
    assert date == results.iso_date(written)


def test_metadata_has_an_end() -> None:
    """Names beyond what metadata has room for are left out, so that the document is kept."""
    assert len("".join(results.several([f"Author {number}" for number in range(1_000)]))) <= 1_000


def test_first_heading() -> None:
    """A line of code that looks like a heading is none; marks of emphasis are no part of a title."""
    assert results.first_heading("```\n# install\n```\n\n## The **new** part #\n\n# Next") == "The new part"
