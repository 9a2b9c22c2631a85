"""RTF: text, tables, notes; nothing that was deleted or hidden."""

import time

from doubles.word_files import document, failure


def rtf(body: str) -> bytes:
    """Return an RTF file with that body."""
    head = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Times;}}{\info{\title Fares}{\author Ann}{\creatim\yr2024\mo3\dy1}}"  # noqa: E501
    return (head + body + "}").encode("ascii")


def test_text() -> None:
    """Letters of code pages and Unicode, tabs, lines and tables."""
    made = document(
        "a.rtf",
        rtf(
            r"Caf\'e9 \u8364? now\tab here\par\trowd\cellx1\cellx2 A\cell B\cell\row\trowd\cellx1\cellx2 a\cell b\cell\row\pard End.\par"  # noqa: E501
        ),
    )

    assert made.title == "Fares"
    assert made.text == "Café € now here\n\n| A | B |\n| --- | --- |\n| a | b |\n\nEnd."
    assert made.metadata["authors"] == ("Ann",)


def test_blanks_before_marks() -> None:
    """A blank before a word that begins with a mark is kept."""
    made = document("a.rtf", rtf(r"Use the .daemon property of a .py file.\par"))

    assert made.text == "Use the .daemon property of a .py file."


def test_notes_in_place() -> None:
    """A note has its number where it stands, and its text at the end."""
    made = document(
        "a.rtf",
        rtf(r"Five{\super\chftn{\footnote\pard\plain \chftn But not \b all\b0 .\par}} years.\par Last.\par"),
    )

    assert made.text == "Five [^1] years.\n\nLast.\n\n[^1]: But not **all**."


def test_deleted_and_hidden_text() -> None:
    """Deleted text and hidden text are not shown."""
    made = document(
        "a.rtf",
        rtf(
            r"Kept{\rtlch\fcs1 \af0 \deleted\revauthdel1 deleted}{\*\unknown ignored}{\v hidden} text{\deleted0 .}\par"
        ),
    )

    assert made.text == "Kept text."


def test_header_once() -> None:
    """Headers of one text are read once, in paragraphs of their own."""
    made = document("a.rtf", rtf(r"{\headerl Draft}{\headerr Draft}{\footer For members}Text.\par"))

    assert made.text.split("\n\n").count("Draft") == 1
    assert "For members" in made.text.split("\n\n")


def test_pictures_leave_no_bytes() -> None:
    """Bytes of pictures are no text."""
    made = document(
        "a.rtf",
        rtf(r"Before {\pict\pngblip 89504e470d0a1a0a}after.\par{\pict\bin4 " + "}{}{" + r"}Last.\par"),
    )

    assert "8950" not in made.text
    assert made.text.endswith("Last.")


def test_what_is_no_rtf() -> None:
    """Foreign files fail with a reason; groups without end are no loop."""
    assert failure("a.rtf", b"text") == "is not an RTF that can be read: it does not begin with {\\rtf"
    began = time.monotonic()
    assert document("a.rtf", rtf("{" * 20_000 + "x" + "}" * 20_000)).text == "x"
    assert time.monotonic() - began < 5


def test_signs_and_letters() -> None:
    """Hard blanks and hyphens, letters beyond 16 bits, bytes that nobody escaped, and numbers of lists."""
    body = r"a\~b c\_d \u-10179?\u-8704? {\listtext 1.\tab}item "

    assert document("a.rtf", f"{{\\rtf1\\ansi\\ansicpg1252 {body}Grüße\\par}}".encode("cp1252")).text == (
        "a\xa0b c-d 😀 1. item Grüße"
    )
