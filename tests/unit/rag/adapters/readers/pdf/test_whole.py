"""PDFs as a whole: order, paragraphs, pages, and what is said of what was not read."""

import textwrap
from io import BytesIO
from typing import Any

import pytest
from doubles.papers import both, document, drawn, failure, found, lines, printers_font
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)
from reportlab.lib.utils import ImageReader

from rag.domain import Document

PROSE = (
    "The shuttle leaves the depot at half past six and comes back when the last shift has ended. "
    "Whoever needs a seat writes to the desk before noon. Tickets of other lines are paid with the next salary."
)


def prose(text: str = PROSE, *, x: float = 60, y: float = 740, width: int = 60, **more: Any) -> Any:
    """Return what draws a paragraph over several lines."""
    return lines(*textwrap.wrap(text, width), x=x, y=y, **more)


def picture(canvas: Any) -> None:
    """Draw a picture over the page."""
    canvas.drawImage(ImageReader(Image.new("L", (60, 80), 200)), 0, 0, 595, 842)


def rewritten(content: bytes, change: Any) -> bytes:
    """Return a PDF changed by pypdf."""
    writer = PdfWriter(clone_from=PdfReader(BytesIO(content)))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_paragraph_is_one() -> None:
    """Sentences are whole: the ends of lines are none of theirs."""
    assert PROSE == document(drawn(prose())).text


def test_paragraphs_apart() -> None:
    """Room between two paragraphs, or a first line set in, begins a new one."""
    spaced = drawn(both(prose(), prose("Another one begins here.", y=640)))
    indented = drawn(
        both(
            lines("The first of two paragraphs has two lines, and", "the second of them is short."),
            lines("Then the second begins, set in as books have it", x=80, y=712),
            lines("and it goes on below.", y=698),
        )
    )

    assert f"{PROSE}\n\nAnother one begins here." == document(spaced).text
    assert 1 == document(indented).text.count("\n\n")


def test_columns_are_read_one_after_the_other() -> None:
    """Text in two columns is read down the first before the second."""
    made = document(drawn(both(prose(width=38), prose("The second column. " + PROSE, x=320, width=38))))

    assert f"{PROSE}\n\nThe second column. {PROSE}" == made.text


def test_a_sentence_goes_on_in_the_next_column() -> None:
    """A sentence that the column breaks is whole."""
    made = document(
        drawn(
            both(lines("The excess is what", "the insured bears of"), lines("a claim. It is agreed.", x=320))
        )
    )

    assert "The excess is what the insured bears of a claim. It is agreed." == made.text


def test_a_sentence_goes_on_behind_the_page() -> None:
    """A sentence over two pages is whole, and the second page begins within it."""
    made = document(drawn(lines("The excess is what the insured"), lines("bears of a claim.")))

    assert "The excess is what the insured bears of a claim." == made.text
    assert [("1", 0), ("2", made.text.index("bears"))] == [(each.name, each.start) for each in made.locators]


def test_a_word_goes_on_behind_the_page() -> None:
    """A word over two pages is whole; it is of the page that it begins on."""
    made = document(drawn(lines("Everybody gets a reimburse-"), lines("ment within a month.")))

    assert "Everybody gets a reimbursement within a month." == made.text
    assert " within a month." == made.text[made.locators[1].start :]


def test_pages_are_located() -> None:
    """Each page with text has a locator at which its text begins; pages without have none."""
    made = document(drawn(lines("One."), lines(""), lines("Three.")))

    assert [("page", "1", "One."), ("page", "3", "Three.")] == [
        (each.kind, each.name, made.text[each.start :].split("\n")[0]) for each in made.locators
    ]


def test_pages_are_called_as_the_document_calls_them() -> None:
    """Where its pages have labels, as the foreword's i and ii, they are the locators' names."""

    def change(writer: Any) -> None:
        writer.set_page_label(0, 1, style="/r")
        writer.set_page_label(2, 2, style="/D", start=1)

    made = document(rewritten(drawn(lines("A."), lines("B."), lines("C.")), change))

    assert ["i", "ii", "1"] == [each.name for each in made.locators]


def test_headings_by_size_and_weight() -> None:
    """Larger letters are headings by their rank, and a bold line of the text's own size is one below them."""
    made = document(
        drawn(
            both(
                lines("The handbook", size=22),
                lines("Travel", size=16, y=700),
                prose(y=670),
                lines("By shuttle", font="Helvetica-Bold", y=600),
                prose(y=580),
            )
        )
    )

    assert ["# The handbook", "## Travel", "### By shuttle"] == [
        each for each in made.text.split("\n\n") if each.startswith("#")
    ]


def test_the_outline_names_headings() -> None:
    """What the outline names is a heading of its level, whatever its letters are."""

    def draw(canvas: Any) -> None:
        canvas.bookmarkPage("a")
        canvas.addOutlineEntry("Part one", "a", 0)
        canvas.addOutlineEntry("Travel by shuttle", "a", 1)
        both(lines("Travel by shuttle"), prose(y=700))(canvas)

    assert document(drawn(draw)).text.startswith("## Travel by shuttle\n\n")


def test_lists_keep_their_items() -> None:
    """Items stay apart, and the lines of one item are one; numbers stay."""
    made = document(
        drawn(
            both(
                lines("Bring along:"),
                lines("• a passport that is valid for at least six more months", y=720),
                lines("after the journey", x=70, y=706),
                lines("• a ticket", y=692),
                lines("1. First the one.", "2. Then the other.", y=660),
            )
        )
    )

    assert (
        "Bring along:\n\n- a passport that is valid for at least six more months after the journey\n- a ticket\n"
        "1. First the one.\n2. Then the other." == made.text
    )


def test_code_stays_as_it_is_set() -> None:
    """Lines in letters of one width keep their ends and what they are set in by."""
    made = document(
        drawn(both(prose(), lines("def f(x):", "    return x + 1", font="Courier", y=640), prose(y=590)))
    )

    assert "```\ndef f(x):\n    return x + 1\n```" in made.text


def test_links_stand_at_their_text() -> None:
    """A text that leads elsewhere says where to; an address that is written out is not written twice."""

    def draw(canvas: Any) -> None:
        canvas.setFont("Helvetica", 11)
        canvas.drawString(60, 700, "Read the ")
        start = 60 + canvas.stringWidth("Read the ", "Helvetica", 11)
        canvas.drawString(start, 700, "terms of use")
        end = start + canvas.stringWidth("terms of use", "Helvetica", 11)
        canvas.linkURL("https://example.org/terms", (start, 697, end, 711))
        canvas.drawString(60, 660, "https://example.org/all")
        canvas.linkURL("https://example.org/all", (60, 657, 190, 671))

    assert (
        "Read the [terms of use](https://example.org/terms)\n\nhttps://example.org/all"
        == document(drawn(draw)).text
    )


def test_comments_are_read() -> None:
    """A reviewer's note is text, and says that it is one."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, 700, "The sum is 900.")
        canvas.textAnnotation("Is that right?", (300, 700, 320, 720))

    assert "The sum is 900.\n\nComment: Is that right?" == document(drawn(draw)).text


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_pages(turn: int) -> None:
    """A page that is shown turned is read as one sees it."""

    def draw(canvas: Any) -> None:
        canvas.setPageRotation(turn)
        canvas.translate(*{0: (0, 0), 90: (595, 0), 180: (595, 842), 270: (0, 842)}[turn])
        canvas.rotate(turn)
        prose(y=500)(canvas)

    assert PROSE == document(drawn(draw)).text


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pages_of_turned_text(turn: int) -> None:
    """Lines that run along the page's side, up or down, come in their order."""

    def draw(canvas: Any) -> None:
        canvas.translate(300, 400)
        canvas.rotate(turn)
        prose(x=-200, y=100)(canvas)

    assert PROSE == document(drawn(draw)).text


def test_sideways_text() -> None:
    """Text along the page's side is read too, by itself."""

    def draw(canvas: Any) -> None:
        prose()(canvas)
        canvas.translate(40, 200)
        canvas.rotate(90)
        canvas.drawString(0, 0, "Printed on recycled paper")

    assert f"{PROSE}\n\nPrinted on recycled paper" == document(drawn(draw)).text


def test_ligatures_are_letters_and_quotes_stay() -> None:
    """A ligature is a glyph of the font; quotes and dashes are the author's."""
    made = document(drawn(lines("“The ﬁnal ﬂight” – it’s 5 €", font=printers_font())))

    assert "“The final flight” – it’s 5 €" == made.text


def test_metadata() -> None:
    """Authors, keywords and dates are what the file says, as lists and ISO 8601; its title is the document's."""
    content = rewritten(
        drawn(lines("Text."), title="Travel rules", author="Jane Doe; John Roe"),
        lambda writer: writer.add_metadata(
            {
                "/Keywords": "travel, rules",
                "/CreationDate": "D:20260514093000+02'00'",
                "/ModDate": "D:20260601",
            }
        ),
    )

    made = document(content)

    assert "Travel rules" == made.title
    assert {
        "authors": ("Jane Doe", "John Roe"),
        "created": "2026-05-14T09:30:00+02:00",
        "modified": "2026-06-01",
        "keywords": ("travel", "rules"),
    } == made.metadata


@pytest.mark.parametrize(
    "title", ["untitled", "(anonymous)", "Microsoft Word - rules.docx", "rules.indd", "Document1"]
)
def test_titles_that_programs_make_up(title: str) -> None:
    """A title that no person gave gives way to the file's name."""
    assert "paper" == document(drawn(lines("Text."), title=title)).title


def test_pages_that_are_pictures_are_counted() -> None:
    """The document is read in part, and says how many pages, which, and what to do."""
    made = document(drawn(lines("One."), picture, picture, lines("Four."), picture))

    assert (
        "3 of 5 pages hold no text (pages 2-3, 5); they are pictures perhaps, which OCR reads: set WHETSTONE_OCR=true",
    ) == made.unread


def test_one_page_of_pictures() -> None:
    """One page is one page."""
    made = document(drawn(lines("One."), picture))

    assert made.unread[0].startswith("1 of 2 pages holds no text (page 2); it is a picture perhaps")


def test_empty_pages_are_no_gap() -> None:
    """A page on which there is nothing has nothing to be read."""
    assert () == document(drawn(lines("One."), lines(""), lines("Three."))).unread


def test_a_scan_alone() -> None:
    """A file of pictures alone fails, with the same reason."""
    assert "2 of 2 pages hold no text (pages 1-2); they are pictures perhaps" in failure(
        drawn(picture, picture)
    )
    assert "its only page holds no text; it is a picture perhaps" in failure(drawn(picture))


def test_a_stamp_on_a_scan() -> None:
    """A scanned page with a number on it was not read, though it holds a word."""
    made = document(drawn(lines("One. " + PROSE), both(picture, lines("Exhibit 7"))))

    assert "1 of 2 pages is a picture with a few words beside it (page 2)" in made.unread[0]
    assert "Exhibit 7" in made.text


def test_a_scan_with_a_layer_of_text() -> None:
    """A scan that somebody's OCR has read holds its text."""
    made = document(drawn(both(picture, prose())))

    assert (PROSE, ()) == (made.text, made.unread)


def test_attached_files() -> None:
    """Files that a PDF carries are documents of their own; those of kinds that are not known are named."""

    def attach(writer: PdfWriter) -> None:
        writer.add_attachment("prices.csv", b"id,text\n1,Tea\n")
        writer.add_attachment("a.bin", b"\0")

    whole, row = found(rewritten(drawn(lines("Text.")), attach))

    assert isinstance(whole, Document)
    assert isinstance(row, Document)
    assert (row.uri, row.text) == (f"{whole.uri}#prices.csv#1", "Tea")
    assert whole.unread == (
        "the attached file a.bin was not read: it ends in '.bin', for which there is no reader",
    )


def test_a_page_that_is_damaged() -> None:
    """The other pages are read, and the reason names the one that was not."""

    def change(writer: Any) -> None:
        writer.pages[1][NameObject("/Type")] = NameObject("/Pagina")
        kids = writer.root_object["/Pages"]["/Kids"]
        kids[1] = NumberObject(7)

    made = document(rewritten(drawn(lines("One."), lines("Two."), lines("Three.")), change))

    assert "One." in made.text
    assert any("cannot be read" in each for each in made.unread)


def test_pages_that_go_in_a_circle() -> None:
    """A tree of pages that holds itself comes to an end."""

    def change(writer: Any) -> None:
        tree = writer.root_object["/Pages"]
        tree["/Kids"].append(writer.root_object.raw_get("/Pages"))
        tree[NameObject("/Count")] = NumberObject(10_000)

    assert 1 == len(found(rewritten(drawn(lines("One.")), change)))


def test_pages_that_are_claimed() -> None:
    """A file that claims a billion pages is not asked for each."""

    def change(writer: Any) -> None:
        writer.root_object["/Pages"][NameObject("/Count")] = NumberObject(1_000_000)

    (made,) = found(rewritten(drawn(lines("One.")), change))

    assert "pages" in (made.reason if not isinstance(made, Document) else made.unread[0])


def test_fonts_that_do_not_name_their_letters() -> None:
    """Glyphs of a font that says nothing of them are no text, and it is told."""
    content = drawn(prose())
    glyphs = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type3")}
    )
    names = [f"/g{number}" for number in range(32, 127)]
    glyphs[NameObject("/FontBBox")] = ArrayObject([NumberObject(each) for each in (0, 0, 600, 600)])
    glyphs[NameObject("/FontMatrix")] = ArrayObject([NumberObject(0)] * 6)
    glyphs[NameObject("/CharProcs")] = DictionaryObject()
    glyphs[NameObject("/FirstChar")], glyphs[NameObject("/LastChar")] = NumberObject(32), NumberObject(126)
    glyphs[NameObject("/Widths")] = ArrayObject([NumberObject(500)] * 95)
    glyphs[NameObject("/Encoding")] = DictionaryObject(
        {NameObject("/Differences"): ArrayObject([NumberObject(32), *map(NameObject, names)])}
    )

    def change(writer: Any) -> None:
        fonts = writer.pages[0]["/Resources"]["/Font"]
        for name in list(fonts):
            fonts[name] = glyphs

    (made,) = found(rewritten(content, change))

    said = made.unread if isinstance(made, Document) else (made.reason,)
    assert "letters" in said[0] or "no text" in said[0]


def test_many_pages() -> None:
    """A long document is read with all its pages."""
    made = document(drawn(*(lines(f"This is what sheet number {number} says.") for number in range(300))))

    assert 300 == len(made.locators)
    assert made.text.endswith("sheet number 299 says.")


def test_text_that_a_form_of_its_own_holds() -> None:
    """Text that is drawn once and shown on pages is read where it is shown."""

    def draw(canvas: Any) -> None:
        canvas.beginForm("stamp")
        canvas.drawString(60, 650, "Stamped text.")
        canvas.endForm()
        canvas.drawString(60, 700, "Own text.")
        canvas.doForm("stamp")

    assert {"Own text.", "Stamped text."} == set(document(drawn(draw)).text.split("\n\n"))


def test_text_strings_of_other_encodings() -> None:
    """Titles in UTF-16 are read as such."""
    content = rewritten(
        drawn(lines("Text.")),
        lambda writer: writer.add_metadata({"/Title": TextStringObject("Übersicht – 目次")}),
    )

    assert "Übersicht – 目次" == document(content).title


def test_small_raised_letters_part_no_line() -> None:
    """What stands behind a raised or lowered letter is of the same line."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    made = BytesIO()
    said = "E = mc<super>2</super> and H<sub>2</sub>O are formulas<super>1</super>."
    SimpleDocTemplate(made).build([Paragraph(said, getSampleStyleSheet()["BodyText"])])

    assert "E = mc2 and H2O are formulas1." == document(made.getvalue()).text


def test_lines_that_are_ended_on_purpose() -> None:
    """An address stays in lines, below other text too; a line that is full goes on."""
    made = document(drawn(both(prose(), lines("ACME Ltd.", "Main Street 5", "12345 Town", y=640))))

    assert [PROSE, "ACME Ltd.", "Main Street 5", "12345 Town"] == made.text.split("\n\n")


def test_bullets_apart_from_their_text() -> None:
    """A bullet that the file writes apart from its item is the item's."""

    def draw(canvas: Any) -> None:
        for number, text in enumerate(("a passport", "a ticket")):
            canvas.drawString(60, 700 - 14 * number, "•")
            canvas.drawString(95, 700 - 14 * number, text)

    assert "- a passport\n- a ticket" == document(drawn(draw)).text


def test_no_word_is_lost_or_doubled() -> None:
    """A page of all sorts holds each of its words once."""
    words = [f"word{number}x" for number in range(400)]
    sorts = [
        prose(" ".join(words[:100])),
        prose(" ".join(words[100:150]), x=60, y=500, width=38),
        prose(" ".join(words[150:200]), x=320, y=500, width=38),
        lines(*(f"• {' '.join(words[at : at + 5])}" for at in range(200, 230, 5)), y=330),
        lines(*(" ".join(words[at : at + 4]) for at in range(230, 250, 4)), y=200, size=9),
    ]

    text = document(drawn(both(*sorts), prose(" ".join(words[250:]), font="Courier"))).text

    assert sorted(words) == sorted(each for each in text.replace("-", " ").split() if each.startswith("word"))
