"""Presentations: slides in the order of the show, with notes, and where each begins."""

import io
from typing import Any

from doubles.word_files import changed, document, failure, records
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from rag.domain import Document


def saved(show: Any) -> bytes:
    """Return a presentation as bytes."""
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


def deck(*titles: str) -> Any:
    """Make a presentation with a title on each slide."""
    show = Presentation()
    for title in titles:
        show.slides.add_slide(show.slide_layouts[5]).shapes.title.text = title
    return show


def located(made: Document) -> dict[str, str]:
    """Return slide -> its text."""
    ends = [each.start for each in made.locators[1:]] + [len(made.text)]
    return {
        f"{each.kind} {each.name}": made.text[each.start : end].strip()
        for each, end in zip(made.locators, ends, strict=True)
    }


def test_slides_are_headings_and_locators() -> None:
    """A title is a heading, a list a list, and each slide a locator; the first title is the document's."""
    show = deck("Welcome")
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    frame = slide.placeholders[1].text_frame
    frame.text = "Ask"
    below = frame.add_paragraph()
    below.text, below.level = "twice", 1

    made = document("a.pptx", saved(show))

    assert made.title == "Welcome"
    assert located(made) == {"slide 1": "## Welcome", "slide 2": "## Plan\n\nAsk\n\n- twice"}


def test_notes_belong_to_their_slides() -> None:
    """Notes stand with the slide they are of, however the files are numbered; an empty slide has no place."""
    show = deck("One", "Two", "Three")
    show.slides.add_slide(show.slide_layouts[6])
    for number in (2, 1):
        show.slides[number].notes_slide.notes_text_frame.text = f"Say this on {number + 1}."

    found = located(document("a.pptx", saved(show)))

    assert found == {
        "slide 1": "## One",
        "slide 2": "## Two\n\nNotes: Say this on 2.",
        "slide 3": "## Three\n\nNotes: Say this on 3.",
    }


def test_slides_come_in_the_order_of_the_show() -> None:
    """The order is that of the show, not of the files; a slide that was taken out is not read."""
    show = deck("One", "Two", "Three")
    listed = show.slides._sldIdLst
    first, second, third = list(listed)
    listed.remove(third)
    listed.insert(0, third)
    listed.remove(second)
    del first

    made = document("a.pptx", saved(show))

    assert located(made) == {"slide 1": "## Three", "slide 2": "## One"}
    assert made.unread == ()


def test_hidden_slides_are_read() -> None:
    """A hidden slide is part of the file that was handed in."""
    show = deck("One", "Two")
    show.slides[1]._element.set("show", "0")

    assert located(document("a.pptx", saved(show)))["slide 2"] == "## Two"


def test_tables_boxes_groups_and_charts() -> None:
    """Text of tables, boxes, groups and charts is text of the slide, and so is what describes a picture."""
    show = deck("All")
    shapes = show.slides[0].shapes
    table = shapes.add_table(2, 2, 0, 0, Inches(4), Inches(2)).table
    for row, texts in enumerate((("Item", "Price"), ("Pen", "3 | 4"))):
        for column, said in enumerate(texts):
            table.cell(row, column).text = said
    shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "In a box"
    shapes.add_group_shape().shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "In a group"
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["May"]
    data.add_series("Tea", (42.5,))
    shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(4), data)

    around, *inside = records("a.pptx", saved(show))

    assert isinstance(around, Document)
    assert "| Item | Price |\n| --- | --- |\n| Pen | 3 \\| 4 |" in around.text
    assert "In a box" in around.text
    assert "In a group" in around.text
    assert around.text.endswith("|  | Tea |\n|---|---|\n| May | 42.5 |")
    assert inside == []


def test_merged_cells() -> None:
    """A merged cell's text stands in each row it spans, and over each column it names."""
    show = deck("All")
    table = show.slides[0].shapes.add_table(3, 3, 0, 0, Inches(4), Inches(2)).table
    for row, texts in enumerate((("Item", "Price", ""), ("Pen", "3", "4"), ("", "5", "6"))):
        for column, said in enumerate(texts):
            table.cell(row, column).text = said
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))

    assert document("a.pptx", saved(show)).text.endswith(
        "| Item | Price | Price |\n| --- | --- | --- |\n| Pen | 3 | 4 |\n| Pen | 5 | 6 |"
    )


def test_what_is_no_presentation() -> None:
    """Damaged, encrypted and old files fail with a reason; a damaged slide is told."""
    whole = saved(deck("One", "Two"))

    assert failure("a.pptx", whole[:500]).startswith("is not a PPTX that can be read")
    assert failure("a.ppt", b"\xd0\xcf\x11\xe0") == "is in the format of before 2007; save it as .pptx"
    assert failure("a.pptx", saved(Presentation())) == "holds no text"
    broken = document("a.pptx", changed(whole, slide2_xml=b"<p:sld"))
    assert "Two" not in broken.text
    assert broken.unread
