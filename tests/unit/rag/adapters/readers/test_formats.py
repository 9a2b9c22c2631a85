"""Each format on files made by real programs' libraries."""

import json
import logging
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from rag.adapters.readers import read
from rag.domain import Document
from rag.library.documents import FieldNames, ReadFailure

LIMIT = 1_000_000


def records(
    path: Path, *, fields: FieldNames | None = None, max_bytes: int = LIMIT
) -> list[Document | ReadFailure]:
    """Read everything at a path."""
    return list(read(str(path), tenant="acme", max_bytes=max_bytes, fields=fields))


def document(path: Path, content: str | bytes | None = None) -> Document:
    """Return the one document of a file, written first where content is given."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    (made,) = records(path)
    assert isinstance(made, Document), made
    return made


def failure(path: Path, content: str | bytes | None = None) -> str:
    """Return the reason of the one failure of a file, written first where content is given."""
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    (made,) = records(path)
    assert isinstance(made, ReadFailure), made
    return made.reason


def make_pdf(path: Path, pages: list[str], title: str | None = None) -> bytes:
    """Write a PDF with one line on each page."""
    canvas = Canvas(str(path))
    if title:
        canvas.setTitle(title)
    for page in pages:
        canvas.drawString(72, 720, page)
        canvas.showPage()
    canvas.save()
    return path.read_bytes()


def test_pdf(tmp_path: Path) -> None:
    """All pages in order; the title is the PDF's own."""
    make_pdf(tmp_path / "a.pdf", ["First page.", "Second page."], "The handbook")

    made = document(tmp_path / "a.pdf")

    assert (made.title, made.text) == ("The handbook", "First page.\n\nSecond page.")


def test_pdf_without_a_title_takes_the_name(tmp_path: Path) -> None:
    """What a program wrote into the title by itself is no title."""
    make_pdf(tmp_path / "handbook.pdf", ["Text."])

    assert document(tmp_path / "handbook.pdf").title == "handbook"


def test_pdf_of_pictures(tmp_path: Path) -> None:
    """Pages on which there is nothing hold no text; tests of the PDF reader have those with pictures."""
    make_pdf(tmp_path / "empty.pdf", ["", ""])

    assert failure(tmp_path / "empty.pdf") == "holds no text: its pages are empty"


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_pdf_with_a_password(tmp_path: Path, algorithm: str) -> None:
    """A PDF that needs a password fails; one that anybody may open is read."""
    plain = make_pdf(tmp_path / "plain.pdf", ["Text."])
    for name, password in (("locked.pdf", "secret"), ("open.pdf", "")):
        writer = PdfWriter(clone_from=PdfReader(BytesIO(plain)))
        writer.encrypt(password, "owner", algorithm=algorithm)
        writer.write(tmp_path / name)

    assert failure(tmp_path / "locked.pdf") == "is encrypted; save it without a password"
    assert document(tmp_path / "open.pdf").text == "Text."


def test_corrupt_pdfs_fail_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is cut off or overwritten gives a document or a failure, and never a word on the terminal."""
    whole = make_pdf(tmp_path / "whole.pdf", ["Text of a page."] * 3)
    broken = [whole[: len(whole) * part // 10] for part in range(10)]
    broken += [
        whole.replace(old, new)
        for old, new in ((b"/Pages", b"/Pagez"), (b" obj", b" ojb"), (b"/Kids", b"/K"))
    ]
    broken += [whole[:at] + b"\xff" * 60 + whole[at + 60 :] for at in range(0, len(whole), 150)]

    with caplog.at_level(logging.DEBUG):
        for number, data in enumerate(broken):
            (tmp_path / f"{number}.pdf").write_bytes(data)
            (made,) = records(tmp_path / f"{number}.pdf")
            assert isinstance(made, Document) or made.reason

    assert [entry for entry in caplog.messages if "pypdf" in entry] == []
    assert capfd.readouterr() == ("", "")


def test_beir(tmp_path: Path) -> None:
    """Records become whole documents whose uris do not depend on where the folder lies."""
    folder = tmp_path / "faq"
    folder.mkdir()
    lines = [
        '{"_id": "p0", "title": "", "text": "one", "url": "https://example.org", "n": 5, "domain": "UK"}',
        "{broken",
        '{"text": "no id"}',
        '{"_id": "p3", "title": "", "text": ""}',
    ]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    (folder / "README.md").write_text("not a document of the data set")

    made, *failed = records(folder)

    assert isinstance(made, Document)
    assert (made.uri, made.title, made.text, made.divisible) == ("beir:faq/p0", "", "one", False)
    assert made.metadata == {"url": "https://example.org", "n": 5, "domain": "UK"}
    assert made.source == folder.as_uri()
    assert [(one.uri, one.reason[:28]) for one in failed if isinstance(one, ReadFailure)] == [
        ("beir:faq", "corpus.jsonl:2 is not JSON: "),
        ("beir:faq", "corpus.jsonl:3 has no '_id' "),
        ("beir:faq/p3", "corpus.jsonl:4 holds no text"),
    ]


def test_beir_as_published(tmp_path: Path) -> None:
    """Ids may be numbers, metadata has a field of its own, and a title alone is a document."""
    folder = tmp_path / "faq"
    folder.mkdir()
    lines = [
        {"_id": 4983, "title": "T", "text": "one", "metadata": {"url": "x", "n": 5, "title": "inner"}},
        {"_id": "p1", "title": "Alone", "text": "", "metadata": None},
        {"_id": "p2", "title": "Alone too", "metadata": ["a", "b"]},
    ]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, lines)))

    found = [one for one in records(folder) if isinstance(one, Document)]

    assert [(one.uri, one.title, one.text) for one in found] == [
        ("beir:faq/4983", "T", "one"),
        ("beir:faq/p1", "Alone", "Alone"),
        ("beir:faq/p2", "Alone too", "Alone too"),
    ]
    assert [one.metadata for one in found] == [{"url": "x", "n": 5}, {}, {"metadata": ("a", "b")}]


def test_beir_too_large(tmp_path: Path) -> None:
    """A corpus over the limit fails as the data set, so that pruning touches nothing of it."""
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "p0", "text": "one"}\n' * 5)

    (failed,) = records(folder, max_bytes=100)

    assert isinstance(failed, ReadFailure)
    assert failed.uri == "beir:faq"
    assert "more than the limit of 100" in failed.reason
