"""Each format on files made by real programs' libraries."""

import json
import logging
import zipfile
from io import BytesIO
from pathlib import Path

import docx
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


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("# The title #\n\ntext", "The title"),
        ("text before\n\n## Second level\n", "Second level"),
        ("The title\n=========\n\ntext", "The title"),
        ("---\ntitle: 'From the front'\ntags: [a]\n---\n# Heading\ntext", "From the front"),
        ("---\ntags: [a]\n---\n# Heading\ntext", "Heading"),
        ("```\n# comment\n```\n# Heading\n", "Heading"),
        ("no heading at all", "file"),
    ],
)
def test_markdown_title(tmp_path: Path, content: str, title: str) -> None:
    """The front matter's title, else the first heading outside code, else the file's name."""
    assert document(tmp_path / "file.md", content).title == title


def test_markdown_text_is_without_front_matter(tmp_path: Path) -> None:
    """Front matter is about the text, not part of it."""
    assert document(tmp_path / "a.md", "---\ntitle: A\n---\nThe text.\n").text == "The text.\n"


HTML = """<!doctype html><html><head><title>Opening
 hours</title><style>p {color: red}</style><script>track("you")</script></head>
<body><header>Site name</header><nav><a href="/">Home</a></nav>
<main><h1>Opening hours</h1><p>We are   open
on <b>week</b>days.<br>Not on Sunday.</p><!-- a comment -->
<h2>By <i>phone</i></h2><ul><li>Call us</li><li><p>Write to us</p></li></ul>
<table><tr><th>Day</th><th>Hours</th></tr><tr><td>Monday</td><td>9 to 5</td></tr></table>
<pre>keep   this
  shape</pre><p hidden>not shown</p></main>
<footer>Imprint</footer></body></html>"""


def test_html_main_text(tmp_path: Path) -> None:
    """The main text with headings, lists, tables and code; nothing of menus, scripts, styles and comments."""
    made = document(tmp_path / "a.html", HTML)

    assert made.title == "Opening hours"
    assert made.text == (
        "# Opening hours\n\nWe are open on weekdays.\nNot on Sunday.\n\n## By phone\n\n- Call us\n- Write to us\n\n"
        "Day | Hours\nMonday | 9 to 5\n\nkeep   this\n  shape"
    )


def test_html_without_main(tmp_path: Path) -> None:
    """A page without a main part gives its body, its title from the first heading."""
    made = document(tmp_path / "a.htm", "<header>Site</header><h1>Hello</h1><p>One.<p>Two.")

    assert made.title == "Hello"
    assert [line for line in made.text.splitlines() if line] == ["# Hello", "One.", "Two."]


def test_html_in_its_declared_encoding(tmp_path: Path) -> None:
    """An encoding that the page declares is no guess."""
    page = '<meta charset="windows-1252"><title>Caf\xe9</title><p>\x93Ol\xe9\x94</p>'.encode("latin-1")

    made = document(tmp_path / "a.html", page)

    assert (made.title, made.text) == ("Café", "“Olé”")


def test_html_of_scripts_alone(tmp_path: Path) -> None:
    """A page that scripts fill later holds no text."""
    assert failure(tmp_path / "a.html", "<title>App</title><script>run()</script>") == "holds no text"


def test_html_nested_deeply(tmp_path: Path) -> None:
    """Thousands of open tags are no reason to break off."""
    made = document(tmp_path / "a.html", "<div>" * 5000 + "deep")

    assert made.text == "deep"


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


def test_docx(tmp_path: Path) -> None:
    """Headings, paragraphs, lists and tables in their order; the title is the first heading."""
    word = docx.Document()
    word.add_heading("Travel policy", 0)
    word.add_paragraph("Ask first.")
    word.add_heading("By train", 2)
    word.add_paragraph("Second class.", style="List Bullet")
    table = word.add_table(rows=2, cols=3)
    for row, texts in zip(table.rows, (("Town", "Price", "Price"), ("Rome", "90", "95")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(0, 1).merge(table.cell(0, 2)).text = "Price"
    word.add_paragraph("The end.")
    word.save(str(tmp_path / "policy.docx"))

    made = document(tmp_path / "policy.docx")

    assert made.title == "Travel policy"
    assert made.text == (
        "# Travel policy\n\nAsk first.\n\n## By train\n\n- Second class.\n\n"
        "Town | Price\nRome | 90 | 95\n\nThe end."
    )


def test_docx_with_its_own_title(tmp_path: Path) -> None:
    """The title among the file's properties goes first."""
    word = docx.Document()
    word.core_properties.title = "Named"
    word.add_heading("Heading", 1)
    word.add_paragraph("Text.")
    word.save(str(tmp_path / "a.docx"))

    assert document(tmp_path / "a.docx").title == "Named"


def test_docx_that_is_none(tmp_path: Path) -> None:
    """Old, encrypted, foreign and empty files each fail with a reason."""
    (tmp_path / "zip.docx").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "zip.docx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    docx.Document().save(str(tmp_path / "empty.docx"))

    assert failure(tmp_path / "old.docx", b"\xd0\xcf\x11\xe0rest").startswith(
        "is encrypted or in Word's old format"
    )
    assert failure(tmp_path / "zip.docx").startswith("is not a DOCX that can be read")
    assert failure(tmp_path / "none.docx", "text").startswith("is not a DOCX that can be read")
    assert failure(tmp_path / "empty.docx") == "holds no text"


def test_corrupt_docx(tmp_path: Path) -> None:
    """A damaged archive or damaged XML in it is a failure."""
    word = docx.Document()
    word.add_paragraph("Text.")
    word.save(str(tmp_path / "whole.docx"))
    data = (tmp_path / "whole.docx").read_bytes()
    with zipfile.ZipFile(BytesIO(data)) as whole, zipfile.ZipFile(tmp_path / "xml.docx", "w") as broken:
        for entry in whole.infolist():
            content = whole.read(entry)
            broken.writestr(entry, content[:200] if entry.filename == "word/document.xml" else content)

    assert failure(tmp_path / "xml.docx").startswith("is not a DOCX that can be read")
    for number, cut in enumerate(range(0, len(data), len(data) // 20)):
        (tmp_path / f"{number}.docx").write_bytes(data[:cut] + b"\0" * 300 + data[cut + 300 :])
        assert len(records(tmp_path / f"{number}.docx")) == 1


def test_docx_that_unpacks_to_too_much(tmp_path: Path) -> None:
    """A small archive that would fill the memory is turned away unopened."""
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (5 * LIMIT))

    assert failure(tmp_path / "bomb.docx") == "unpacks to 5,000,000 bytes, which is too much"


def test_csv(tmp_path: Path) -> None:
    """A row is a document; its id is part of the uri, other columns are metadata."""
    path = tmp_path / "faq.csv"
    path.write_text('id,title,text,team\nq 1,Leave,"Ask, then\ngo",HR\n,,Only text,\n')

    first, second = records(path)

    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.uri == path.as_uri() + "#q%201"
    assert (first.title, first.text, first.metadata) == ("Leave", "Ask, then\ngo", {"team": "HR"})
    assert second.uri == path.as_uri() + "#row-2"
    assert (second.title, second.text, second.metadata) == ("", "Only text", {})
    assert first.source == path.as_uri()


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_csv_with_other_marks(tmp_path: Path, name: str, mark: str) -> None:
    """Spreadsheets in many countries write semicolons."""
    made = document(tmp_path / name, f"id{mark}text\n1{mark}a, b\n")

    assert made.text == "a, b"


def test_fields_of_other_names(tmp_path: Path) -> None:
    """The fields' names can be set."""
    (tmp_path / "a.csv").write_text("key,question,answer\n7,Why?,Because.\n")

    (made,) = records(tmp_path / "a.csv", fields=FieldNames(id="key", title="question", text="answer"))

    assert isinstance(made, Document)
    assert made.uri.endswith("#7")
    assert (made.title, made.text) == ("Why?", "Because.")


def test_csv_without_the_text_field(tmp_path: Path) -> None:
    """The failure names the fields that were found, so that the right one can be named."""
    reason = failure(tmp_path / "a.csv", "key,body\n1,x\n")

    assert reason == "line 1 has no field 'text' for the text; the fields found are 'key', 'body'"


def test_csv_with_a_very_long_text(tmp_path: Path) -> None:
    """The standard library's limit of 128 KiB for a field does not apply."""
    assert len(document(tmp_path / "a.csv", "text\n" + "word " * 40_000 + "\n").text) == 200_000


def test_jsonl_with_broken_lines(tmp_path: Path) -> None:
    """Each bad line fails on its own, with its number, and the good ones are read."""
    lines = [
        '{"id": "a", "title": "A", "text": "one", "year": 2020, "draft": true, "tags": ["x"], "note": null}',
        "{broken",
        "[1, 2]",
        '{"id": "d", "body": "x"}',
        '{"id": "e", "text": 5}',
        '{"id": "f", "text": " "}',
        '{"id": "a", "text": "again"}',
        "",
        '{"id": 9, "text": "nine"}',
        '{"id": "h", "text": "half \\ud800"}',
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))

    found = records(path)

    documents = [one for one in found if isinstance(one, Document)]
    assert [(one.uri.rpartition("#")[2], one.text) for one in documents] == [("a", "one"), ("9", "nine")]
    assert documents[0].metadata == {"year": "2020", "draft": "true"}
    reasons = {one.reason.split(" (")[0]: one.uri for one in found if isinstance(one, ReadFailure)}
    uri = path.as_uri()
    assert list(reasons.values()) == [uri, uri, f"{uri}#d", f"{uri}#e", f"{uri}#f", f"{uri}#a", f"{uri}#h"]
    assert [reason[:40] for reason in reasons] == [
        "line 2 is not JSON: Expecting property n",
        "line 3 holds a list, not a record with n",
        "line 4 has no field 'text' for the text;",
        "line 5 holds a number in the field 'text",
        "line 6 holds no text",
        "line 7 has the 'id' of an earlier record",
        "line 10 holds half a surrogate pair",
    ]


def test_json_list_and_single_record(tmp_path: Path) -> None:
    """A JSON file holds a list of records, or one."""
    (tmp_path / "list.json").write_text(json.dumps([{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]))

    assert [one.text for one in records(tmp_path / "list.json") if isinstance(one, Document)] == [
        "one",
        "two",
    ]
    assert document(tmp_path / "one.json", '{"text": "alone"}').text == "alone"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "holds no records"),
        ("[" * 100_000, "is not JSON that can be read: nested too deeply"),
        ('"text"', "row 1 holds a string, not a record with named fields"),
        ("null", "row 1 holds null, not a record with named fields"),
    ],
)
def test_json_without_records(tmp_path: Path, content: str, reason: str) -> None:
    """Other JSON fails with a reason."""
    assert failure(tmp_path / "a.json", content) == reason


def test_empty_tables(tmp_path: Path) -> None:
    """Tables without rows fail with a reason."""
    assert failure(tmp_path / "a.csv", "") == "holds no text"
    assert failure(tmp_path / "b.csv", "id,text\n") == "holds no records"
    assert failure(tmp_path / "c.jsonl", "\n") == "holds no records"


def test_beir(tmp_path: Path) -> None:
    """Records become whole documents whose uris do not depend on where the folder lies."""
    folder = tmp_path / "faq"
    folder.mkdir()
    lines = [
        '{"_id": "p0", "title": "", "text": "one", "url": "https://example.org", "n": 5, "domain": "UK"}',
        "{broken",
        '{"text": "no id"}',
        '{"_id": "p3", "title": "T", "text": ""}',
    ]
    (folder / "corpus.jsonl").write_text("\n".join(lines))
    (folder / "README.md").write_text("not a document of the data set")

    made, *failed = records(folder)

    assert isinstance(made, Document)
    assert (made.uri, made.title, made.text, made.divisible) == ("beir:faq/p0", "", "one", False)
    assert made.metadata == {"url": "https://example.org", "domain": "UK"}
    assert made.source == folder.as_uri()
    assert [(one.uri, one.reason[:28]) for one in failed if isinstance(one, ReadFailure)] == [
        ("beir:faq", "corpus.jsonl:2 is not JSON: "),
        ("beir:faq", "corpus.jsonl:3 has no '_id' "),
        ("beir:faq/p3", "corpus.jsonl:4 holds no text"),
    ]


def test_beir_too_large(tmp_path: Path) -> None:
    """A corpus over the limit fails as the data set, so that pruning touches nothing of it."""
    folder = tmp_path / "faq"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "p0", "text": "one"}\n' * 5)

    (failed,) = records(folder, max_bytes=100)

    assert isinstance(failed, ReadFailure)
    assert failed.uri == "beir:faq"
    assert "more than the limit of 100" in failed.reason
