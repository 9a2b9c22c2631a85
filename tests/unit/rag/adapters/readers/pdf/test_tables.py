"""Tables: rows with the names of their columns, between rules or without."""

from typing import Any

from doubles.papers import both, document, drawn, lines
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

GRID = ("GRID", (0, 0), (-1, -1), 0.5, colors.black)
BODY = getSampleStyleSheet()["BodyText"]


def set_in(*story: Any) -> str:
    """Return the text of a PDF with this story."""
    from io import BytesIO

    made = BytesIO()
    SimpleDocTemplate(made).build(list(story))
    return document(made.getvalue()).text


def table(rows: list[list[Any]], *styles: Any, **more: Any) -> Any:
    """Return a table of reportlab's."""
    return Table(rows, style=TableStyle(list(styles)), **more)


def test_a_ruled_table() -> None:
    """Each cell is in its column, an empty one too."""
    text = set_in(table([["Part", "Name", "Price"], ["P-1", "", "1.00"], ["P-2", "Bolt", ""]], GRID))

    assert "| Part | Name | Price |\n|---|---|---|\n| P-1 |  | 1.00 |\n| P-2 | Bolt |  |" == text


def test_a_cell_of_several_lines() -> None:
    """The lines of a cell are one text, words that they part are joined."""
    long = Paragraph("The part of a claim that the insured bears; it may differ for each kind.", BODY)

    text = set_in(table([["Term", "Meaning"], ["Excess", long]], GRID, colWidths=[60, 120]))

    assert "| Excess | The part of a claim that the insured bears; it may differ for each kind. |" in text


def test_cells_that_span() -> None:
    """A cell over several columns or rows stands in each of them."""
    rows = [["Region", "2024", ""], ["", "Q1", "Q2"], ["North", "1", "2"]]

    text = set_in(table(rows, GRID, ("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1))))

    assert "| Region | 2024 | 2024 |\n|---|---|---|\n| Region | Q1 | Q2 |\n| North | 1 | 2 |" == text


def test_a_table_over_pages() -> None:
    """It stays one; the head that is printed on each page is there once."""
    rows = [["Part", "Price"], *([f"P-{number}", f"{number}.00"] for number in range(80))]

    text = set_in(table(rows, GRID, repeatRows=1))

    assert 1 == text.count("| Part | Price |")
    assert [f"| P-{number} | {number}.00 |" for number in range(80)] == text.split("\n")[2:]


def test_two_tables_on_two_pages() -> None:
    """Tables of other columns stay apart."""
    text = set_in(
        table([["A", "B"], ["1", "2"]], GRID, colWidths=[60, 60]),
        PageBreak(),
        table([["C", "D"], ["3", "4"]], GRID, colWidths=[150, 150]),
    )

    assert "| A | B |\n|---|---|\n| 1 | 2 |\n\n| C | D |\n|---|---|\n| 3 | 4 |" == text


def test_a_table_without_rules() -> None:
    """Columns with room between are a table, and a cell that is missing is empty."""
    rows = [["Country", "Capital", "People"], ["Norway", "Oslo", "5 million"], ["Chile", "", "19 million"]]

    text = set_in(table(rows, ("LINEBELOW", (0, 0), (-1, 0), 1, colors.black)))

    assert "| Norway | Oslo | 5 million |\n| Chile |  | 19 million |" in text


def test_text_around_tables_stays_in_order() -> None:
    """What stands before a table comes before it, and what stands behind it after it."""
    text = set_in(
        Paragraph("Prices of May.", BODY),
        table([["A", "B"], ["1", "2"]], GRID),
        Spacer(1, 9),
        Paragraph("All net.", BODY),
    )

    assert ["Prices of May.", "| A | B |\n|---|---|\n| 1 | 2 |", "All net."] == text.split("\n\n")


def test_bars_in_cells() -> None:
    """A bar in a cell is no border of one."""
    assert "| a \\| b | c |" in set_in(table([["a | b", "c"], ["1", "2"]], GRID))


def test_a_frame_is_no_table() -> None:
    """A box around text, and lines under it, leave it as text."""

    def draw(canvas: Any) -> None:
        canvas.rect(50, 600, 400, 160)
        canvas.line(50, 680, 450, 680)

    text = document(drawn(both(draw, lines("The first note.", y=720), lines("The second note.", y=640)))).text

    assert "The first note.\n\nThe second note." == text


def test_a_grid_drawn_in_one_stroke() -> None:
    """Rules that are parts of one path are rules."""

    def draw(canvas: Any) -> None:
        path = canvas.beginPath()
        for y in (640, 670, 700):
            path.moveTo(50, y)
            path.lineTo(350, y)
        for x in (50, 200, 350):
            path.moveTo(x, 640)
            path.lineTo(x, 700)
        canvas.drawPath(path)
        for x, y, text in ((55, 680, "Term"), (205, 680, "Days"), (55, 650, "Notice"), (205, 650, "30")):
            canvas.drawString(x, y, text)

    assert "| Term | Days |\n|---|---|\n| Notice | 30 |" == document(drawn(draw)).text


def test_cells_drawn_as_boxes() -> None:
    """Cells that each are a rectangle are a table."""

    def draw(canvas: Any) -> None:
        for row, texts in enumerate((("Term", "Days"), ("Notice", "30"))):
            for column, text in enumerate(texts):
                canvas.rect(50 + 150 * column, 680 - 30 * row, 150, 30)
                canvas.drawString(55 + 150 * column, 690 - 30 * row, text)

    assert "| Term | Days |\n|---|---|\n| Notice | 30 |" == document(drawn(draw)).text


def test_a_drawing_of_very_many_lines() -> None:
    """A map is not searched for tables, and its words stay."""

    def draw(canvas: Any) -> None:
        for number in range(3_000):
            canvas.line(number % 500, number // 10, number % 500 + 5, number // 10)
        canvas.drawString(60, 700, "Map of the depot")

    assert "Map of the depot" == document(drawn(draw)).text
