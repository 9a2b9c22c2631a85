"""Files of strangers: whatever they do, the service learns why and goes on."""

import io
import zipfile
import zlib
from collections.abc import Callable

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from rag.adapters.parsing import ApartReader, Processes
from rag.domain import Document
from rag.errors import UnreadableDocument
from rag.library.documents import FieldNames, ReadFailure, Remark

Make = Callable[..., Processes]


def read(processes: Processes, content: bytes, filename: str) -> list[Document | ReadFailure]:
    """Read a file of the tenant acme, uploaded under its name."""
    reader = ApartReader(processes, max_bytes=20_000_000)
    found = reader.read(content, filename=filename, uri=f"upload:{filename}", tenant="acme")
    return [each for each in found if not isinstance(each, Remark)]


def reason(processes: Processes, content: bytes, filename: str) -> str:
    """Return why a file is not read, whichever way it is said."""
    try:
        (record,) = read(processes, content, filename)
    except UnreadableDocument as error:
        return str(error)
    assert isinstance(record, ReadFailure)
    return record.reason


def word(body: bytes, *, compressed: bool = True) -> bytes:
    """Make a DOCX whose document part is `body`."""
    made = io.BytesIO()
    docx.Document().save(made)
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(made) as given, zipfile.ZipFile(out, "w", method) as archive:
        for entry in given.infolist():
            name = entry.filename
            archive.writestr(name, body if name == "word/document.xml" else given.read(entry))
    return out.getvalue()


def paper(pages: int) -> bytes:
    """Make a PDF with a line on each page."""
    made = io.BytesIO()
    canvas = Canvas(made)
    for number in range(pages):
        canvas.drawString(72, 720, f"This is what page {number} says.")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def bomb(size: int) -> bytes:
    """Make a small PDF whose one page unpacks to `size` bytes of drawing."""
    packed = zlib.compress(b"(a) Tj " * (size // 7), 9)
    head = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R"
        b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
    )
    stream = b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    return head + stream + packed + b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n"


def test_documents_come_as_the_readers_make_them(make_processes: Make) -> None:
    """Text, title, uri and source of a page; a table gives one document a row, and a failure beside them."""
    processes = make_processes()
    (page,) = read(processes, b"<title>Leave</title><main><p>Twelve weeks.</p></main>", "leave.html")
    assert isinstance(page, Document)
    assert (page.uri, page.title, page.text, page.tenant, page.source) == (
        "upload:leave.html",
        "Leave",
        "Twelve weeks.",
        "acme",
        "upload:leave.html",
    )

    rows = read(processes, "id,text,team\na,Einträge,x\nb,,y\n".encode(), "faq.csv")
    assert [row.uri for row in rows] == ["upload:faq.csv#a", "upload:faq.csv#b"]
    assert isinstance(rows[0], Document)
    assert (rows[0].text, dict(rows[0].metadata)) == ("Einträge", {"team": "x"})
    assert isinstance(rows[1], ReadFailure)


@pytest.mark.parametrize("ending", ["docx", "pdf", "html", "json", "csv", "md"])
def test_random_bytes_have_a_reason(make_processes: Make, ending: str) -> None:
    """Whatever a file claims to be, the reason is a sentence and the process lives."""
    processes = make_processes()
    noise = bytes((number * 7919 + number // 251) % 256 for number in range(50_000))
    assert len(reason(processes, noise, f"x.{ending}")) > 10
    assert len(read(processes, b"Fine.", "x.txt")) == 1


@pytest.mark.parametrize("content", [b"", b" \n\t ", b"\0\0\0"])
def test_nothing_is_no_document(make_processes: Make, content: bytes) -> None:
    """Blank files fail; NULs alone are not caught here, but when they are put."""
    processes = make_processes()
    if content.strip(b"\0"):
        assert "no text" in reason(processes, content, "x.txt")
    else:
        assert len(read(processes, content, "x.txt")) == 1


def test_an_archive_that_unpacks_to_far_too_much(make_processes: Make) -> None:
    """A small DOCX that claims a gigabyte is refused unopened."""
    content = word(b"<a>" + b" " * 300_000_000 + b"</a>")
    assert len(content) < 1_000_000
    assert "which is too much" in reason(make_processes(), content, "x.docx")


def test_an_archive_that_fills_the_memory(make_processes: Make) -> None:
    """Below that bound, a tree of millions of elements meets the limit of memory."""
    names = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = (
        f'<w:document xmlns:w="{names}"><w:body>'.encode() + b"<w:p/>" * 6_000_000 + b"</w:body></w:document>"
    )
    assert len(reason(make_processes(), word(body), "x.docx")) > 10


def test_entities_that_multiply(make_processes: Make) -> None:
    """A billion laughs are not laughed."""
    names = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = (
        f'<!DOCTYPE d [<!ENTITY l0 "ha">{entities}]><w:document xmlns:w="{names}"><w:body><w:p><w:r><w:t>'
        "&l9;</w:t></w:r></w:p></w:body></w:document>"
    )
    assert "ha" * 100 not in reason(make_processes(), word(body.encode()), "x.docx")


def test_entities_that_point_at_files(make_processes: Make) -> None:
    """A document that includes one of ours does not get it."""
    names = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = (
        f'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><w:document xmlns:w="{names}"><w:body>'
        "<w:p><w:r><w:t>Words &f;</w:t></w:r></w:p></w:body></w:document>"
    )
    records = read(make_processes(), word(body.encode()), "x.docx")
    assert all("root:" not in getattr(record, "text", "") for record in records)


def test_a_page_that_unpacks_to_far_too_much(make_processes: Make) -> None:
    """A PDF of a megabyte whose page has hundreds of megabytes meets a limit."""
    content = bomb(700_000_000)
    assert len(content) < 2_000_000
    assert len(reason(make_processes(timeout_s=10.0), content, "x.pdf")) > 10


def test_thousands_of_pages_take_too_long(make_processes: Make) -> None:
    """The limit of time is kept, the reason names it, and the next file is read by a fresh process."""
    processes = make_processes(timeout_s=0.5)
    assert "longer to read than the limit of 0.5 s" in reason(processes, paper(8_000), "x.pdf")
    (record,) = read(processes, paper(2), "y.pdf")
    assert isinstance(record, Document)
    assert "page 1 says" in record.text


def test_html_nested_without_end(make_processes: Make) -> None:
    """A hundred thousand open tags are read or refused, and the process lives."""
    processes = make_processes(timeout_s=10.0)
    content = b"<div>" * 100_000 + b"<p>Deep words.</p>"
    try:
        (record,) = read(processes, content, "x.html")
        assert getattr(record, "text", "Deep words.") == "Deep words."
    except UnreadableDocument as error:
        assert len(str(error)) > 10
    assert len(read(processes, b"Fine.", "x.txt")) == 1


def test_json_nested_without_end(make_processes: Make) -> None:
    """Lists in lists a million deep are refused with a reason."""
    assert "nested too deeply" in reason(make_processes(), b"[" * 1_000_000, "x.json")


def test_other_encodings_are_named(make_processes: Make) -> None:
    """Latin-1 without a label is guessed, and that is told; UTF-16 with its mark is read."""
    processes = make_processes()
    (record,) = read(processes, "Öffnung".encode("latin-1"), "x.txt")
    assert getattr(record, "text", "") == "Öffnung"
    assert getattr(record, "unread", ()) == ("encoding guessed as Windows-1252; save it as UTF-8",)
    (record,) = read(processes, "Öffnung".encode("utf-16"), "x.txt")
    assert getattr(record, "text", "") == "Öffnung"


def test_more_text_than_is_taken(make_processes: Make) -> None:
    """What comes back is bounded, however small the file was."""
    processes = make_processes(most_bytes=1_000_000)
    rows = ",".join('{"text": "%s"}' % ("w" * 90) for _ in range(20_000))
    assert "which is too much" in reason(processes, f"[{rows}]".encode(), "x.json")


def test_half_characters_are_no_text(make_processes: Make) -> None:
    """Half a surrogate pair in a record's id or text is a failure, and can be stored as one."""
    records = read(
        make_processes(), b'[{"id": "\\ud800", "text": "\\ud800"}, {"id": "b", "text": "ok"}]', "x.json"
    )
    assert [type(record) for record in records] == [ReadFailure, Document]
    for record in records:
        record.uri.encode()


@pytest.mark.parametrize("memory", [400_000_000, 2_000_000_000])
def test_office_files_under_limits(make_processes: Make, memory: int) -> None:
    """The library that reads most formats is loaded before the limits are set, and works within them."""
    processes = make_processes(memory_bytes=memory)
    made = io.BytesIO()
    file = docx.Document()
    for number in range(300):
        file.add_paragraph(f"Paragraph {number}.")
    file.save(made)

    (word_,) = read(processes, made.getvalue(), "a.docx")
    (page,) = read(processes, paper(2), "a.pdf")
    (mail,) = read(processes, b"Subject: Late\n\nThe report is late.\n", "a.eml")

    assert isinstance(word_, Document)
    assert word_.text.endswith("Paragraph 299.")
    assert isinstance(page, Document)
    assert isinstance(mail, Document)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.docx", word(b"<w:p/>" * 2_000_000)),
        ("a.docx", word(b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>')),
        ("a.docx", word(b"0" * 90_000_000)),
        ("a.xml", b"<a>" * 200_000),
        ("a.rtf", b"{\\rtf1 " + b"{" * 200_000),
        ("a.ipynb", b'{"cells":' + b"[" * 200_000),
        ("a.eml", b"just a text"),
    ],
)
def test_bombs_of_other_formats_have_a_reason(make_processes: Make, name: str, content: bytes) -> None:
    """A bomb is a failure with a reason, and the next file is read."""
    processes = make_processes()

    assert reason(processes, content, name)
    (next_,) = read(processes, b"Text.", "a.txt")
    assert isinstance(next_, Document)


def test_a_table_of_endless_records(make_processes: Make) -> None:
    """Records that cost nothing to write cost memory to hold: beyond so many the file fails, and the process lives."""
    processes = make_processes(timeout_s=60.0)
    assert "holds more than 500,000 records" in reason(processes, b'{"text":"a"}\n' * 600_000, "x.jsonl")
    assert len(read(processes, b"Fine.", "x.txt")) == 1


def test_records_without_end_that_fail(make_processes: Make) -> None:
    """The first thousand are named, the others counted, under the uri that stands for all of the file."""
    records = read(make_processes(timeout_s=60.0), b"1\n" * 50_000 + b'{"text": "kept"}\n', "x.jsonl")
    assert len(records) == 1_002
    assert isinstance(records[1_000], Document)
    assert records[-1] == ReadFailure(
        uri="upload:x.jsonl", reason="has 49,000 more records that cannot be read, beside those named"
    )


def test_fields_are_named(make_processes: Make) -> None:
    """The names of a table's fields go along."""
    reader = ApartReader(make_processes(), max_bytes=1_000)
    (record,) = reader.read(
        b"key,answer\na,Yes.\n",
        filename="x.csv",
        uri="upload:x.csv",
        tenant="acme",
        fields=FieldNames(id="key", text="answer"),
    )
    assert isinstance(record, Document)
    assert (record.uri, record.text) == ("upload:x.csv#a", "Yes.")


def test_remarks_come_over_too(make_processes: Make) -> None:
    """What fields were taken for is told once a file, after its documents."""
    reader = ApartReader(make_processes(), max_bytes=20_000_000)
    found = reader.read(
        b"question,answer\nWho?,Me.\nWhen?,Now.\n", filename="a.csv", uri="upload:a.csv", tenant="acme"
    )
    assert [type(each) for each in found] == [Document, Document, Remark]
    said = (
        "took the field 'answer' for the text and 'question' for the title; "
        "--text-field and --title-field name others"
    )
    assert found[-1] == Remark(uri="upload:a.csv", said=said)
