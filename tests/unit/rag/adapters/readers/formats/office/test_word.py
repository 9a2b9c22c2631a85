"""Word's files: text that Word shows is text, once and in its place."""

import io

import docx
import pytest
from doubles.word_files import cell, changed, document, failure, paragraph, records, table, word
from openpyxl import Workbook

from rag.domain import Document


def text(body: str, **given: object) -> str:
    """Return the text of a Word file with that body."""
    return document("a.docx", word(body, **given)).text  # type: ignore[arg-type]


def note(kind: str, number: int, said: str) -> str:
    """Return a footnote, an endnote or a comment."""
    return f'<w:{kind} w:id="{number}">{paragraph(said)}</w:{kind}>'


def test_headings_lists_tables_and_quotes() -> None:
    """Levels of headings, both kinds of lists, and a table with the names of its columns."""
    made = docx.Document()
    made.add_heading("Travel policy", 0)
    made.add_heading("By train", 2)
    made.add_paragraph("Second class.", style="List Bullet")
    made.add_paragraph("Book early.", style="List Number")
    rows = made.add_table(rows=2, cols=3)
    for row, texts in zip(rows.rows, (("Town", "Price", "Price"), ("Rome", "90", "95")), strict=True):
        for each, said in zip(row.cells, texts, strict=True):
            each.text = said
    rows.cell(0, 1).merge(rows.cell(0, 2)).text = "Price"
    out = io.BytesIO()
    made.save(out)

    read = document("policy.docx", out.getvalue())

    assert read.title == "Travel policy"
    assert read.text == (
        "# Travel policy\n\n## By train\n\n- Second class.\n\n1. Book early.\n\n"
        "| Town | Price | Price |\n| --- | --- | --- |\n| Rome | 90 | 95 |"
    )


def test_tracked_changes() -> None:
    """What was inserted or moved to is text; what was deleted or moved away is not."""
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = (
        f"<w:p><w:ins w:id='1'>{run.format('inserted ')}</w:ins>"
        "<w:del w:id='2'><w:r><w:delText>deleted </w:delText></w:r></w:del>"
        f"<w:moveFrom w:id='3'>{run.format('away ')}</w:moveFrom><w:moveTo w:id='4'>{run.format('here')}</w:moveTo></w:p>"  # noqa: E501
    )

    assert text(body) == "inserted here"


@pytest.mark.parametrize(
    "wrapped",
    [
        "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>",
        "<w:smartTag w:element='x'>{}</w:smartTag>",
        "<w:customXml w:element='x'>{}</w:customXml>",
        "<w:fldSimple w:instr='DATE'>{}</w:fldSimple>",
        "<w:hyperlink w:anchor='x'>{}</w:hyperlink>",
        "<w:bdo w:val='ltr'>{}</w:bdo>",
        "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>REF x</w:instrText></w:r>"
        "<w:r><w:fldChar w:fldCharType='separate'/></w:r>{}<w:r><w:fldChar w:fldCharType='end'/></w:r>",
    ],
)
def test_wrapped_text(wrapped: str) -> None:
    """Text in content controls, tags, fields and links is text of the paragraph."""
    inside = wrapped.format("<w:r><w:t>Rotterdam</w:t></w:r>")

    found = text(f"<w:p><w:r><w:t xml:space='preserve'>In </w:t></w:r>{inside}<w:r><w:t>.</w:t></w:r></w:p>")

    assert found.replace("[", "").partition("](")[0].rstrip(".") == "In Rotterdam"


def test_text_boxes_once() -> None:
    """A text box is kept in a new form and an old one; it is read once."""
    body = (
        "<w:p><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:inline><a:graphic><a:graphicData>"
        f"<wps:wsp><wps:txbx><w:txbxContent>{paragraph('In the box.')}</w:txbxContent></wps:txbx></wps:wsp>"
        "</a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>"
        f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )

    assert text(paragraph("Before.") + body) == "Before.\n\nIn the box."


def test_notes_and_comments() -> None:
    """Each note has its number where it stands and its text at the end, once; comments too."""
    body = (
        "<w:p><w:r><w:t>Noted</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:t>, ended</w:t></w:r>"
        "<w:r><w:endnoteReference w:id='2'/></w:r><w:r><w:t>, said</w:t></w:r><w:r><w:commentReference w:id='0'/></w:r></w:p>"  # noqa: E501
        + paragraph("Last.")
    )
    separator = "<w:footnote w:type='separator' w:id='-1'><w:p/></w:footnote>"

    found = text(
        body,
        parts={
            "word/footnotes.xml": f"<w:footnotes @>{separator}{note('footnote', 2, 'A foot.')}</w:footnotes>",
            "word/endnotes.xml": f"<w:endnotes @>{note('endnote', 2, 'An end.')}</w:endnotes>",
            "word/comments.xml": f"<w:comments @>{note('comment', 0, 'A comment.')}</w:comments>",
        },
        related=[
            ("f", "footnotes", "footnotes.xml"),
            ("e", "endnotes", "endnotes.xml"),
            ("c", "comments", "comments.xml"),
        ],
    )

    assert found == (
        "Noted[^1], ended[^2], said[^cmt0]\n\nLast.\n\n[^1]: A foot.\n\n[^2]: An end.\n\n[^cmt0]: A comment."
    )


def test_headers_and_footers_once() -> None:
    """The header comes first and the footer last, once; page numbers alone and what the text says are left out."""
    number = (
        "<w:p><w:r><w:t xml:space='preserve'>Page </w:t></w:r><w:r><w:fldChar w:fldCharType='begin'/></w:r>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r>"
        "<w:r><w:t>7</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>"
    )
    found = text(
        paragraph("The text."),
        parts={
            "word/header1.xml": f"<w:hdr @>{paragraph('Draft of May')}{number}</w:hdr>",
            "word/header2.xml": f"<w:hdr @>{paragraph('Draft of May')}{paragraph('The text.')}</w:hdr>",
            "word/footer1.xml": f"<w:ftr @>{table([cell('For members'), cell('only')])}</w:ftr>",
        },
        related=[
            ("1", "header", "header1.xml"),
            ("2", "header", "header2.xml"),
            ("3", "footer", "footer1.xml"),
        ],
    )

    assert found == "Draft of May\n\nThe text.\n\n| For members | only |\n| --- | --- |"


def test_hidden_text_and_joined_words() -> None:
    """Hidden text is not shown; breaks, tabs and symbols keep words apart."""
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
    shown = "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t>shown</w:t></w:r>"
    breaks = "<w:r><w:t>one</w:t><w:cr/><w:t>two</w:t><w:tab/><w:t>three</w:t><w:sym w:font='Wingdings' w:char='F0FC'/></w:r>"  # noqa: E501

    assert text(f"<w:p>{hidden}{shown}</w:p><w:p>{breaks}</w:p>").split() == ["shown", "one", "two", "three✓"]


def test_equations_in_place() -> None:
    """An equation is TeX where the text has it."""
    power = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    half = "<m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    body = (
        f"<w:p><w:r><w:t xml:space='preserve'>The area is </w:t></w:r><m:oMath>{power}</m:oMath><w:r><w:t> here.</w:t></w:r></w:p>"  # noqa: E501
        f"<w:p><m:oMathPara><m:oMath>{half}</m:oMath></m:oMathPara></w:p>"
    )

    assert text(body) == "The area is $x^{2}$ here.\n\n$$\\frac{1}{2}$$"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chunk.html", "<html><body><h2>By phone</h2><p>Call us.</p></body></html>"),
        ("chunk.htm", "<h2>By phone</h2>Call us."),
        ("chunk.docx", word('<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:p>' + paragraph("Call us."))),
        ("chunk.rtf", r"{\rtf1 Call us.\par}"),
        ("chunk.txt", "Call us."),
    ],
)
def test_parts_of_other_formats(name: str, content: str | bytes) -> None:
    """A part of another format is read in its place."""
    found = text(
        paragraph("Before.") + '<w:altChunk r:id="h"/>' + paragraph("After."),
        parts={f"word/{name}": content},
        related=[("h", "aFChunk", name)],
    )

    assert found.startswith("Before.")
    assert "Call us." in found
    assert found.endswith("After.")


def test_parts_that_cannot_be_read_are_told() -> None:
    """A part of another format that is missing or of no known kind is told, and so is an embedded object."""
    made = document(
        "a.docx",
        word(
            paragraph("Text.") + '<w:altChunk r:id="gone"/><w:altChunk r:id="odd"/>',
            parts={"word/part.xyz": "x", "word/embeddings/oleObject1.bin": "x"},
            related=[("odd", "aFChunk", "part.xyz"), ("o", "oleObject", "embeddings/oleObject1.bin")],
        ),
    )

    assert made.text == "Text."
    assert made.unread == (
        "the embedded object oleObject1.bin was not read",
        "a part of another format is missing from the file",
        "the part word/part.xyz of another format was not read",
    )


def test_tables_keep_names_and_spans() -> None:
    """A cell is repeated in each row it spans, the name of columns in each of them; a caption stays outside."""
    span = '<w:gridSpan w:val="{}"/>'
    found = text(
        table(
            [cell("Prices of 2024", span.format(3))],
            [cell("Room"), cell("Price", span.format(2))],
            [cell("Suite", '<w:vMerge w:val="restart"/>'), cell("90"), cell("a|b")],
            [cell("<w:p/>", "<w:vMerge/>"), cell(table([cell("inner"), cell("310")]) + "<w:p/>"), cell("95")],
        )
    )

    assert found == (
        "Prices of 2024\n\n| Room | Price | Price |\n| --- | --- | --- |\n"
        "| Suite | 90 | a\\|b |\n| Suite | inner 310 | 95 |"
    )


CHART = (
    "<c:chartSpace @><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    "<c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>Tea</c:v></c:pt></c:strCache>"
    "</c:strRef></c:tx><c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>May</c:v></c:pt></c:strCache></c:strRef></c:cat>"
    "<c:val><c:numRef><c:numCache><c:pt idx='0'><c:v>42.5</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>"
    "</c:barChart></c:plotArea></c:chart></c:chartSpace>"
)
DIAGRAM = "<dgm:dataModel @><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Ask first</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"  # noqa: E501


def test_charts_and_diagrams() -> None:
    """A chart is its title and a table, a diagram a list, where they stand."""
    drawing = "<w:p><w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"  # noqa: E501
    body = (
        paragraph("Before.")
        + drawing.format("<c:chart r:id='c'/>")
        + drawing.format("<dgm:relIds r:dm='d'/>")
        + paragraph("After.")
    )

    found = text(
        body,
        parts={"word/charts/chart1.xml": CHART, "word/diagrams/data1.xml": DIAGRAM},
        related=[("c", "chart", "charts/chart1.xml"), ("d", "diagramData", "diagrams/data1.xml")],
    )

    assert found == "Before.\n\nSales\n\n|  | Tea |\n|---|---|\n| May | 42.5 |\n\n- Ask first\n\nAfter."


def test_embedded_workbooks_are_documents() -> None:
    """A workbook within the file is a document of its own, whose uri begins with the file's."""
    book = Workbook()
    book.active["A1"], book.active["B1"] = "Item", "Price"
    out = io.BytesIO()
    book.save(out)

    around, inside = records(
        "a.docx",
        word(
            paragraph("See the sheet."),
            parts={"word/embeddings/sheet.xlsx": out.getvalue()},
            related=[("x", "package", "embeddings/sheet.xlsx")],
        ),
    )

    assert isinstance(around, Document)
    assert isinstance(inside, Document)
    assert (around.text, around.unread) == ("See the sheet.", ())
    assert inside.uri == "upload:a.docx#word%2Fembeddings%2Fsheet.xlsx"
    assert "| Item | Price |" in inside.text


def test_prefixes_and_strict_files() -> None:
    """What a file calls its namespaces is no matter, nor whether they are those of the strict standard."""
    body = paragraph("Strictly speaking.")
    whole = f"<w:document @><w:body>{body}</w:body></w:document>"
    strict = whole.replace("@", 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"')
    other = whole.replace("w:", "ns0:").replace(
        "@", 'xmlns:ns0="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    )

    for content in (strict, other):
        made = changed(word(""), document_xml=content.encode())

        assert document("a.docx", made).text == "Strictly speaking."


def test_letters_stay_as_they_are() -> None:
    """What means something to Markdown is not hidden behind backslashes."""
    said = r"a &lt; b &amp; C:\new\*.txt, 5 * 3_000 ~ [x] #1 &gt; `code` | \| $5 and $6"

    assert text(paragraph(said)) == r"a < b & C:\new\*.txt, 5 * 3_000 ~ [x] #1 > `code` | \| $5 and $6"


def test_title_and_metadata() -> None:
    """The properties' title, authors, dates, keywords and language; what a program wrote as title is none."""
    core = (
        "<dc:title>{}</dc:title><dc:creator>Ann Bee; Carl Dee</dc:creator><cp:keywords>rail, fares</cp:keywords>"
        "<dc:language>en-GB</dc:language><dcterms:created xsi:type='dcterms:W3CDTF'>2024-03-01T10:00:00Z</dcterms:created>"  # noqa: E501
    )
    made = document("a.docx", word(paragraph("Text."), core=core.format("Fares")))

    assert made.title == "Fares"
    assert made.metadata == {
        "authors": ("Ann Bee", "Carl Dee"),
        "created": "2024-03-01T10:00:00Z",
        "keywords": ("rail", "fares"),
        "language": "en-GB",
    }
    for automatic in ("Microsoft Word - x.doc", "untitled", "Document1", "report.docx", ""):
        assert document("fares.docx", word(paragraph("Text."), core=core.format(automatic))).title == "fares"


def test_macros_are_left_alone() -> None:
    """A file with macros is read like one without."""
    made = word(
        paragraph("Text."),
        parts={"word/vbaProject.bin": b"macro"},
        related=[("v", "vbaProject", "vbaProject.bin")],
    )

    assert document("a.docm", made).text == "Text."
    assert document("a.docm", made).unread == ()


def test_what_is_no_word_file() -> None:
    """Old, encrypted, damaged, hostile and empty files each fail with a reason that says what to do."""
    encrypted = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")

    assert failure("a.docx", encrypted) == "is encrypted; save it without a password"
    assert (
        failure("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600)) == "is in an old binary format; save it as .docx"
    )
    assert (
        failure("a.doc", b"\xd0\xcf\x11\xe0" + bytes(600))
        == "is in the format of before 2007; save it as .docx"
    )
    assert failure("a.docx", b"text").startswith("is not a DOCX that can be read")
    assert failure("a.docx", word("<w:p>")).startswith("is not a DOCX that can be read: mismatched tag")
    assert failure("a.docx", word("")) == "holds no text"
    assert "document type" in failure(
        "a.docx",
        word(
            "",
            parts={"word/header1.xml": "<!DOCTYPE x [<!ENTITY a 'a'>]><x>&a;</x>"},
            related=[("h", "header", "header1.xml")],
        ),
    )


def test_what_unpacks_to_too_much() -> None:
    """A small archive that would fill the memory is turned away unopened."""
    made = word(paragraph("Text."), parts={"word/media/image1.png": bytes(5_000_000)})

    assert failure("a.docx", made, max_bytes=1_000_000).endswith("bytes, which is too much; split it")


def test_nesting() -> None:
    """Tables within tables are read; elements within elements without end are a reason."""
    deep = paragraph("Deep.")
    for _ in range(40):
        deep = table([cell(deep)])

    assert "Deep." in text(deep)
    assert failure("a.docx", word("<w:p>" * 20_000 + "</w:p>" * 20_000)) == (
        "is nested too deeply; it is broken, or hostile"
    )


RUN = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
FIELD = "<w:r><w:fldChar w:fldCharType='{}'/></w:r>"


def boxed(*texts: str) -> str:
    """Return a group of text boxes, as newer and as older versions of Word read it."""
    new = "".join(
        f"<wps:wsp><wps:txbx><w:txbxContent>{each}</w:txbxContent></wps:txbx></wps:wsp>" for each in texts
    )
    old = "".join(
        f"<v:shape><v:textbox><w:txbxContent>{each}</w:txbxContent></v:textbox></v:shape>" for each in texts
    )
    return (
        f"<w:r><mc:AlternateContent><mc:Choice Requires='wpg'><w:drawing>{new}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:group>{old}</v:group></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )


def test_all_boxes_of_a_group() -> None:
    """Each box of a group is read, a table in a box is a table, and a box in a cell stays in its cell."""
    grouped = boxed(paragraph("One"), table([cell("k"), cell("v")], [cell("a"), cell("1")]))
    within = f"<w:p>{RUN.format('text')}{boxed(paragraph('Box'))}</w:p>"

    assert text(f"<w:p>{grouped}{RUN.format('After.')}</w:p>") == (
        "One\n\n| k | v |\n| --- | --- |\n| a | 1 |\n\nAfter."
    )
    assert text(table([cell("A"), cell("B")], [cell(within), cell("2")])) == (
        "| A | B |\n| --- | --- |\n| Box text | 2 |"
    )


def test_one_of_two_forms() -> None:
    """Of a newer and an older form of the same text one is read."""
    forms = "<mc:Choice Requires='x'><w:t>new</w:t></mc:Choice><mc:Fallback><w:t>old</w:t></mc:Fallback>"

    assert text(f"<w:p><w:r><mc:AlternateContent>{forms}</mc:AlternateContent></w:r></w:p>") == "new"


def test_fields_show_results() -> None:
    """A field within the code of another is none of the text; one without an end takes nothing with it."""
    code = "<w:r><w:instrText>IF </w:instrText></w:r>"
    inner = f"{FIELD.format('begin')}{FIELD.format('separate')}{RUN.format('inner')}{FIELD.format('end')}"
    outer = f"{FIELD.format('begin')}{code}{inner}{FIELD.format('separate')}{RUN.format('outer')}{FIELD.format('end')}"

    assert text(f"<w:p>{outer}</w:p>") == "outer"
    assert text(f"<w:p>{FIELD.format('begin')}{RUN.format('one')}</w:p>{paragraph('two')}") == "one\n\ntwo"


def test_old_form_fields() -> None:
    """Boxes show whether they are ticked, lists the entry that is chosen."""
    form = "<w:r><w:fldChar w:fldCharType='begin'><w:ffData>{}</w:ffData></w:fldChar></w:r>" + FIELD.format(
        "end"
    )
    ticked = form.format("<w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox>")
    free = form.format("<w:checkBox><w:default w:val='0'/></w:checkBox>")
    entries = "".join(f"<w:listEntry w:val='{each}'/>" for each in ("red", "blue"))
    chosen = form.format(f"<w:ddList><w:result w:val='1'/>{entries}</w:ddList>")

    assert (
        text(f"<w:p>{ticked}{RUN.format(' yes ')}{free}{RUN.format(' no ')}{chosen}</w:p>")
        == "☒ yes ☐ no blue"
    )


def test_symbols_and_readings() -> None:
    """Letters of the fonts Symbol and Wingdings are the letters they look like; a reading follows its word."""
    signs = "".join(
        f"<w:r><w:sym w:font='{font}' w:char='{code}'/></w:r>"
        for font, code in (("Symbol", "F061"), ("Symbol", "F0B3"), ("Wingdings", "00FC"), ("Arial", "2192"))
    )
    typed = "<w:r><w:rPr><w:rFonts w:ascii='Symbol'/></w:rPr><w:t>&#xF06D;</w:t></w:r>"
    base, reading = RUN.format("漢字"), RUN.format("kanji")
    ruby = f"<w:r><w:ruby><w:rt>{reading}</w:rt><w:rubyBase>{base}</w:rubyBase></w:ruby></w:r>"

    assert text(f"<w:p>{signs}{typed}{ruby}</w:p>") == "α≥✓→μ漢字(kanji)"


def test_joined_paragraphs_and_deleted_rows() -> None:
    """A paragraph whose end was deleted goes on, as a large first letter does; a deleted row is none."""
    deleted = (
        f"<w:p><w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr>{RUN.format('One ')}</w:p>{paragraph('line.')}"
    )
    large = f"<w:p><w:pPr><w:framePr w:dropCap='drop'/></w:pPr>{RUN.format('O')}</w:p>{paragraph('nce.')}"
    row = f"<w:trPr><w:del w:id='2'/></w:trPr>{cell('gone')}{cell('gone')}"

    assert text(deleted + large) == "One line.\n\nOnce."
    assert "gone" not in text(table([cell("A"), cell("B")], [row], [cell("1"), cell("2")]))


def test_notes_show_what_word_shows() -> None:
    """What was moved away or is hidden in a note is none of its text."""
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
    inner = f"<w:p>{RUN.format('Note')}<w:moveFrom w:id='1'>{RUN.format('away')}</w:moveFrom>{hidden}</w:p>"

    assert (
        text(
            f"<w:p>{RUN.format('x')}<w:r><w:footnoteReference w:id='2'/></w:r></w:p>",
            parts={
                "word/footnotes.xml": f"<w:footnotes @><w:footnote w:id='2'>{inner}</w:footnote></w:footnotes>"
            },
            related=[("f", "footnotes", "footnotes.xml")],
        )
        == "x[^1]\n\n[^1]: Note"
    )


def styled(style: str, said: str) -> str:
    """Return a paragraph of a style."""
    return f"<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr>{RUN.format(said)}</w:p>"


def style(key: str, name: str, properties: str = "") -> str:
    """Return a style of paragraphs."""
    about = f"<w:name w:val='{name}'/><w:pPr>{properties}</w:pPr>"
    return f"<w:style w:type='paragraph' w:styleId='{key}'>{about}</w:style>"


def test_headings_by_name_and_level() -> None:
    """A style that is called a heading is one, in other languages too, and so is a paragraph with a level."""
    level = f"<w:p><w:pPr><w:outlineLvl w:val='2'/></w:pPr>{RUN.format('Own')}</w:p>"
    styles = style("berschrift1", "heading 1") + style("T2", "Titre 2")

    assert (
        text(
            styled("berschrift1", "Kapitel") + styled("T2", "Partie") + level,
            parts={"word/styles.xml": f"<w:styles @>{styles}</w:styles>"},
            related=[("s", "styles", "styles.xml")],
        )
        == "# Kapitel\n\n## Partie\n\n### Own"
    )


def test_contents_are_not_doubled() -> None:
    """An entry of a table of contents that is a heading is read there alone; one that is not stays."""
    entry = (
        f"<w:p><w:pPr><w:pStyle w:val='V1'/></w:pPr>{RUN.format('{}')}<w:r><w:tab/><w:t>3</w:t></w:r></w:p>"
    )
    styles = style("V1", "toc 1") + style("H1", "heading 1") + style("TH", "TOC Heading")

    assert (
        text(
            styled("TH", "Contents")
            + entry.format("Intro")
            + entry.format("Lost part")
            + styled("H1", "Intro"),
            parts={"word/styles.xml": f"<w:styles @>{styles}</w:styles>"},
            related=[("s", "styles", "styles.xml")],
        )
        == "Lost part 3\n\n# Intro"
    )


def test_numbers_that_word_counts() -> None:
    """Headings, clauses and lists have the numbers that Word shows, over what stands between them."""
    levels = (
        ("decimal", "%1.", 0, "1"), ("lowerLetter", "%2)", 1, "1"), ("upperRoman", "%1", 0, "2"),
        ("decimal", "%1.%2", 1, "2"), ("decimal", "§ %1", 0, "3"),
    )  # fmt: skip
    abstract = "".join(
        f"<w:abstractNum w:abstractNumId='{key}'>"
        + "".join(
            f"<w:lvl w:ilvl='{at}'><w:start w:val='1'/><w:numFmt w:val='{kind}'/><w:lvlText w:val='{label}'/></w:lvl>"
            for kind, label, at, of in levels
            if of == key
        )
        + "</w:abstractNum>"
        for key in "123"
    )
    nums = "".join(f"<w:num w:numId='{key}'><w:abstractNumId w:val='{key}'/></w:num>" for key in "123")

    def item(said: str, number: int, level: int = 0, more: str = "") -> str:
        about = f"{more}<w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{number}'/></w:numPr>"
        return f"<w:p><w:pPr>{about}</w:pPr>{RUN.format(said)}</w:p>"

    head = "<w:pStyle w:val='H1'/>"
    body = (
        item("one", 1) + item("sub", 1, 1) + item("two", 1) + paragraph("Between.") + item("three", 1)
        + item("Law", 3) + item("Scope", 2, 0, head) + item("Part", 2, 1, head)
    )  # fmt: skip

    assert text(
        body,
        parts={
            "word/numbering.xml": f"<w:numbering @>{abstract}{nums}</w:numbering>",
            "word/styles.xml": f"<w:styles @>{style('H1', 'heading 1')}</w:styles>",
        },
        related=[("n", "numbering", "numbering.xml"), ("s", "styles", "styles.xml")],
    ) == ("1. one\n   - a) sub\n2. two\n\nBetween.\n\n3. three\n\n- § 1 Law\n\n# I Scope\n\n# I.1 Part")


def test_rows_that_begin_later() -> None:
    """A row that begins behind the first column has empty cells before its own."""
    later = f"<w:trPr><w:gridBefore w:val='1'/></w:trPr>{cell('2')}"

    assert text(table([cell("A"), cell("B")], [later])) == "| A | B |\n| --- | --- |\n|  | 2 |"


def test_links_and_page_numbers() -> None:
    """The address of a link is as the file has it; a footer of page numbers alone is none."""
    numbers = f"{RUN.format('Page ')}<w:fldSimple w:instr='PAGE'>{RUN.format('3')}</w:fldSimple>"

    assert (
        text(
            f"<w:p><w:hyperlink r:id='l'>{RUN.format('site')}</w:hyperlink></w:p>",
            parts={"word/footer1.xml": f"<w:ftr @><w:p>{numbers}</w:p></w:ftr>"},
            related=[("l", "hyperlink", "https://example.org/?a=1&amp;b=2"), ("f", "footer", "footer1.xml")],
        )
        == "[site](https://example.org/?a=1&b=2)"
    )


def test_chunks_of_saved_pages() -> None:
    """A page with its parts (MHT) is read, and of a page its header too."""
    mht = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=X\r\n\r\n"
        b"--X\r\nContent-Type: text/html\r\n\r\n"
        b"<header>Head</header><p>Said.</p>\r\n--X--\r\n"
    )

    assert (
        text("<w:altChunk r:id='h'/>", parts={"word/c.mht": mht}, related=[("h", "aFChunk", "c.mht")])
        == "Head\n\nSaid."
    )
