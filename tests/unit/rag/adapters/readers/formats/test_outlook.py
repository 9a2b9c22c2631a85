"""Outlook's messages, as its own compound file has them."""

import struct

from doubles.outlook_messages import compound, message
from doubles.word_files import document, failure, paragraph, records, word

from rag.domain import Document


def test_fields_body_and_attachments() -> None:
    """Subject, people and date; the richer form of the body; each attachment a document, or named."""
    made = message(
        subject="Übersicht",
        body="Plain form.",
        html="<p>Rich form, ünï.</p>".encode(),
        sender=("Ann", "ann@example.org"),
        to="Bob",
        headers="To: bob@example.org\r\nDate: Fri, 01 Mar 2024 10:00:00 +0100\r\n",
        attachments={"a.docx": word(paragraph("Attached. ") * 400), "x.bin": b"\0"},
    )

    around, inside = records("a.msg", made)

    assert isinstance(around, Document)
    assert around.title == "Übersicht"
    assert around.metadata == {
        "from": "Ann <ann@example.org>",
        "to": ("bob@example.org",),
        "date": "2024-03-01T10:00:00+01:00",
        "subject": "Übersicht",
    }
    assert around.text.endswith("\n\nRich form, ünï.")
    assert around.unread == (
        "the attachment x.bin was not read: it ends in '.bin', for which there is no reader",
    )
    assert isinstance(inside, Document)
    assert inside.uri == "upload:a.msg#a.docx"
    assert inside.text.startswith("Attached.")


def test_plain_message() -> None:
    """A message that was never sent has a subject and a plain body."""
    made = document("a.msg", message(subject="Draft", body="Line one\r\nline two", to="Bob; Carl"))

    assert (made.title, made.text) == ("Draft", "To: Bob, Carl\n\nLine one\nline two")


def test_what_is_no_message() -> None:
    """Foreign and damaged files fail with a reason."""
    whole = message(subject="x", body="y" * 5_000)

    assert failure("a.msg", b"text").startswith("is not an Outlook message that can be read")
    assert failure("a.msg", compound({"WordDocument": b"x"})) == (
        "is not an Outlook message that can be read: it holds no properties of one"
    )
    for cut in range(0, len(whole), 700):
        assert records("a.msg", whole[:cut] + b"\xff" * 40 + whole[cut + 40 :])


def test_code_pages() -> None:
    """Letters of one byte are in the encoding that the message says."""
    page = struct.pack("<HHIQ", 0x0003, 0x3FFD, 6, 1251)
    made = compound(
        {
            "__substg1.0_0037001E": "Отчёт".encode("cp1251"),
            "__substg1.0_1000001E": "Привет".encode("cp1251"),
            "__properties_version1.0": bytes(32) + page,
        }
    )

    read = document("a.msg", made)

    assert (read.title, read.text) == ("Отчёт", "Привет")
