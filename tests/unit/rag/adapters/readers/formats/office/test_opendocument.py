"""OpenDocument: texts, sheets and slides."""

import io
import zipfile

import pytest
from doubles.word_files import document, failure

NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "xlink": "http://www.w3.org/1999/xlink",
    "dc": "http://purl.org/dc/elements/1.1/",
    "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())


def package(kind: str, body: str, *, meta: str = "", styles: str = "", **parts: str) -> bytes:
    """Return an OpenDocument file of a kind (text, spreadsheet, presentation)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr("META-INF/manifest.xml", parts.pop("manifest", "<manifest/>"))
        inner = f"<office:body><office:{kind}>{body}</office:{kind}></office:body>"
        archive.writestr(
            "content.xml", f"<office:document-content {DECLARED}>{inner}</office:document-content>"
        )
        archive.writestr(
            "meta.xml",
            f"<office:document-meta {DECLARED}><office:meta>{meta}</office:meta></office:document-meta>",
        )
        archive.writestr(
            "styles.xml", f"<office:document-styles {DECLARED}>{styles}</office:document-styles>"
        )
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + "/content.xml", content.replace("@", DECLARED, 1))
    return out.getvalue()


def p(text: str) -> str:
    """Return a paragraph."""
    return f"<text:p>{text}</text:p>"


def row(*cells: str) -> str:
    """Return a row of a table; a cell that begins with < is taken as it stands."""
    made = (
        each
        if each.startswith("<")
        else f"<table:table-cell office:value-type='string'>{p(each)}</table:table-cell>"
        for each in cells
    )
    return f"<table:table-row>{''.join(made)}</table:table-row>"


def test_text() -> None:
    """Headings, lists, tables, boxes and sections in their order, blanks between words, links with their text."""
    link = 'See <text:a xlink:href="https://example.org">here</text:a>.'
    body = (
        "<text:h text:outline-level='1'>Leave</text:h>"
        + p("Twelve<text:s text:c='2'/>weeks<text:tab/>in<text:line-break/>all.")
        + f"<text:list><text:list-item>{p('One')}</text:list-item><text:list-item>{p('Two')}</text:list-item></text:list>"  # noqa: E501
        + "<text:h text:outline-level='2'>Pay</text:h>"
        + f"<table:table>{row('Year', 'Days')}{row('2024', '30')}</table:table>"
        + p(f"<draw:frame><draw:text-box>{p('In a box.')}</draw:text-box></draw:frame>")
        + f"<text:section>{p(link)}</text:section>"
    )

    made = document("leave.odt", package("text", body))

    assert made.title == "Leave"
    assert made.text == (
        "# Leave\n\nTwelve weeks in all.\n\n- One\n- Two\n\n## Pay\n\n| Year | Days |\n| --- | --- |\n| 2024 | 30 |\n\n"
        "In a box.\n\nSee [here](https://example.org)."
    )


def test_notes_changes_and_comments() -> None:
    """Notes and comments have their marks where they stand; deleted text is none."""
    note = f"<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation><text:note-body>{p('A foot.')}</text:note-body></text:note>"  # noqa: E501
    comment = f"<office:annotation><dc:creator>Ann</dc:creator>{p('Really?')}</office:annotation>"
    deleted = f"<text:tracked-changes><text:changed-region><text:deletion>{p('deleted')}</text:deletion></text:changed-region></text:tracked-changes>"  # noqa: E501

    made = document("a.odt", package("text", deleted + p(f"Five{note} years{comment}.") + p("Last.")))

    assert made.text == "Five[^1] years[^c2].\n\nLast.\n\n[^1]: A foot.\n\n[^c2]: Really?"


def test_header_and_footer_once() -> None:
    """The header comes before the text, the footer after it, without the number of the page."""
    styles = (
        f"<office:master-styles><style:master-page><style:header>{p('Draft of May')}</style:header>"
        f"<style:header-first>{p('Draft of May')}</style:header-first>"
        f"<style:footer>{p('For members only')}{p('<text:page-number>7</text:page-number>')}</style:footer>"
        "</style:master-page></office:master-styles>"
    )

    made = document("a.odt", package("text", p("Text."), styles=styles))

    assert made.text == "Draft of May\n\nText.\n\nFor members only"


def test_spanning_cells_and_properties() -> None:
    """A cell that spans rows stands in each; title, author, date and keywords are known."""
    spanning = f"<table:table-cell table:number-rows-spanned='2'>{p('Suite')}</table:table-cell>"
    rows = row("Room", "Price") + row(spanning, "90") + row("<table:covered-table-cell/>", "95")
    meta = (
        "<dc:title>Rooms</dc:title><meta:initial-creator>Ann</meta:initial-creator><meta:keyword>stay</meta:keyword>"
        "<meta:creation-date>2024-05-01T10:00:00</meta:creation-date>"
    )

    made = document("a.odt", package("text", f"<table:table>{rows}</table:table>", meta=meta))

    assert made.text == "| Room | Price |\n| --- | --- |\n| Suite | 90 |\n| Suite | 95 |"
    assert made.title == "Rooms"
    assert made.metadata["created"] == "2024-05-01T10:00:00"
    assert made.metadata["keywords"] == ("stay",)


def test_embedded_objects() -> None:
    """A formula is text; an object of another kind is named."""
    frames = p("<draw:frame><draw:object xlink:href='./Object 1'/></draw:frame>") + p(
        "<draw:frame><draw:object-ole xlink:href='./Object 2'/></draw:frame>"
    )
    math = '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mi>x</mi><annotation>x over 2</annotation></semantics></math>'  # noqa: E501

    made = document("a.odt", package("text", p("Text.") + frames, **{"Object 1": math}))

    assert "$$x over 2$$" in made.text
    assert made.unread == ("the embedded object Object 2 was not read",)


def test_sheets() -> None:
    """A sheet is a heading, a table and a locator; percentages and dates as they are shown; comments kept."""
    share = (
        f"<table:table-cell office:value-type='percentage' office:value='0.25'>{p('25%')}</table:table-cell>"
    )
    day = f"<table:table-cell office:value-type='date' office:date-value='2024-03-01'>{p('01.03.24')}</table:table-cell>"  # noqa: E501
    said = f"<table:table-cell office:value-type='string'><office:annotation>{p('Sold out')}</office:annotation>{p('Pen')}</table:table-cell>"  # noqa: E501
    rows = row("Item", "Share", "Since") + row(said, share, day)
    empty = "<table:table-row table:number-rows-repeated='1048570'><table:table-cell table:number-columns-repeated='1024'/></table:table-row>"  # noqa: E501

    made = document(
        "a.ods", package("spreadsheet", f"<table:table table:name='Stock'>{rows}{empty}</table:table>")
    )

    assert made.text == (
        "## Stock\n\n| Item | Share | Since |\n| --- | --- | --- |\n| Pen | 25% | 2024-03-01 |\n\nComment: Sold out"
    )
    assert [(each.kind, each.name) for each in made.locators] == [("sheet", "Stock")]


def test_slides() -> None:
    """Each slide has its title as a heading, its text and its notes, and is a locator."""

    def page(title: str, body: str, notes: str) -> str:
        box = "<draw:frame{}><draw:text-box>{}</draw:text-box></draw:frame>"
        return (
            "<draw:page draw:name='page1'>"
            + box.format(" presentation:class='title'", p(title))
            + box.format("", p(body))
            + f"<presentation:notes>{box.format('', p(notes))}</presentation:notes></draw:page>"
        )

    made = document(
        "a.odp", package("presentation", page("Plan", "Ask.", "Smile.") + page("End", "Thanks.", ""))
    )

    assert made.title == "Plan"
    assert made.text == "## Plan\n\nAsk.\n\nNotes: Smile.\n\n## End\n\nThanks."
    assert [(each.start, each.kind, each.name) for each in made.locators] == [
        (0, "slide", "1"),
        (30, "slide", "2"),
    ]


@pytest.mark.parametrize("ending", ["odt", "ods", "odp"])
def test_what_is_none(ending: str) -> None:
    """Damaged and encrypted files fail with a reason."""
    locked = package("text", p("x"), manifest="<manifest:encryption-data/>")

    assert "that can be read" in failure(f"a.{ending}", b"text")
    assert failure(f"a.{ending}", locked) == "is encrypted; save it without a password"
    assert "that can be read: mismatched tag" in failure(f"a.{ending}", package("text", "<text:p>"))


def test_pieces_that_are_easily_passed_over() -> None:
    """Headers of lists, numbered paragraphs and readings are text; pictures make no reason; contents come once."""
    body = (
        "<text:table-of-content><text:index-body><text:p>Head<text:tab/>1</text:p></text:index-body>"
        "</text:table-of-content><text:h text:outline-level='1'>Head</text:h>"
        f"<text:list><text:list-header>{p('Before')}</text:list-header><text:list-item>{p('One')}</text:list-item>"
        f"</text:list><text:numbered-paragraph>{p('Numbered')}</text:numbered-paragraph>"
        "<text:p><text:ruby><text:ruby-base>漢字</text:ruby-base><text:ruby-text>kanji</text:ruby-text></text:ruby></text:p>"
        "<text:p><draw:frame><draw:image xlink:href='Pictures/a.png'/></draw:frame></text:p>"
    )

    made = document("a.odt", package("text", body))

    assert made.text == "# Head\n\n- Before\n- One\n\nNumbered\n\n漢字(kanji)"
    assert made.unread == ()


def test_times_and_zeros_as_shown() -> None:
    """A time of day and a number with zeros before it are as the sheet shows them."""
    cells = (
        f"<table:table-cell office:value-type='time' office:time-value='PT09H30M00S'>{p('09:30')}</table:table-cell>",
        f"<table:table-cell office:value-type='float' office:value='7'>{p('007')}</table:table-cell>",
    )

    made = document(
        "a.ods",
        package("spreadsheet", f"<table:table table:name='S'>{row('A', 'B')}{row(*cells)}</table:table>"),
    )

    assert made.text == "## S\n\n| A | B |\n| --- | --- |\n| 09:30 | 007 |"


def test_shapes_and_notes() -> None:
    """The text of a shape that lies by itself is read; paragraphs of notes stay apart."""
    frame = f"<draw:frame><draw:text-box>{p('one')}{p('two')}</draw:text-box></draw:frame>"
    notes = f"<presentation:notes>{frame}</presentation:notes>"
    body = f"<draw:page><draw:custom-shape>{p('Shape')}</draw:custom-shape>{notes}</draw:page>"

    assert document("a.odp", package("presentation", body)).text == "Shape\n\nNotes: one two"
