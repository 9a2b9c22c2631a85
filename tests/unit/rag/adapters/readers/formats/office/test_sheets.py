"""Workbooks: each sheet a heading and a table whose first row names the columns."""

import datetime
import io
from typing import Any

import pytest
from doubles.word_files import changed, document, failure
from openpyxl import Workbook
from openpyxl.comments import Comment


def book(*rows: list[Any], title: str = "Prices") -> Any:
    """Make a workbook of one sheet."""
    made = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def saved(made: Any) -> bytes:
    """Return a workbook as bytes."""
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_sheets_are_tables_and_locators() -> None:
    """A sheet is a heading, a table and a locator; hidden sheets too, empty ones not."""
    made = book(["Item", "Price"], ["Pen", 3], ["Ink | blue", 4.5])
    made.create_sheet("Empty")
    hidden = made.create_sheet("Old & odd")
    hidden.append(["Item"])
    hidden.append(["Chalk"])
    hidden.sheet_state = "hidden"

    found = document("stock.xlsx", saved(made))

    assert found.title == "stock"
    assert found.text == (
        "## Prices\n\n| Item | Price |\n| --- | --- |\n| Pen | 3 |\n| Ink \\| blue | 4.5 |\n\n"
        "## Old & odd\n\n| Item |\n| --- |\n| Chalk |"
    )
    assert [(each.kind, each.name) for each in found.locators] == [
        ("sheet", "Prices"),
        ("sheet", "Old & odd"),
    ]
    assert [found.text[each.start :].split("\n")[0] for each in found.locators] == [
        "## Prices",
        "## Old & odd",
    ]


def test_values_as_they_are_shown() -> None:
    """Dates are ISO, percentages have their sign, truth values are words."""
    made = book(["When", "At", "Share", "Open"])
    made.active.append([datetime.date(2024, 3, 1), datetime.datetime(2024, 3, 1, 10, 30), 0.256, True])
    made.active["C2"].number_format = "0.0%"

    assert document("a.xlsx", saved(made)).text.endswith(
        "| 2024-03-01 | 2024-03-01 10:30:00 | 25.6% | true |"
    )


def test_merged_cells_have_their_value_in_each() -> None:
    """A merged cell's value stands in each row and column it covers; a caption over the whole sheet stands once."""
    made = book(
        ["Price list", None, None], ["Item", "Price", None], ["Pen", 3, 4], [None, 5, 6], [None, None, "x"]
    )
    made.active.merge_cells("A1:C1")
    made.active.merge_cells("B2:C2")
    made.active.merge_cells("A3:A4")

    assert document("a.xlsx", saved(made)).text == (
        "## Prices\n\nPrice list\n\n| Item | Price | Price |\n| --- | --- | --- |\n"
        "| Pen | 3 | 4 |\n| Pen | 5 | 6 |\n|  |  | x |"
    )


def test_formulas() -> None:
    """A formula is its value; where the file holds none, that is told."""
    made = book(["Item", "Price"], ["Sum", "=SUM(B3:B4)"])
    plain = saved(made)
    counted = changed(
        plain, sheet1_xml=sheet_of(plain).replace(b"<v></v>", b"<v>7</v>").replace(b"<v />", b"<v>7</v>")
    )

    assert document("a.xlsx", counted).text.endswith("| Sum | 7 |")
    assert document("a.xlsx", counted).unread == ()
    assert document("a.xlsx", plain).unread == (
        "1 formulas hold no value; open the file in a spreadsheet program and save it",
    )


def sheet_of(data: bytes) -> bytes:
    """Return the first sheet's part."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_comments() -> None:
    """A comment on a cell is told with the cell."""
    made = book(["Item"], ["Pen"])
    made.active["A2"].comment = Comment("Out of stock", "Ann")

    assert document("a.xlsx", saved(made)).text.endswith("| Pen |\n\nComment on A2: Out of stock")


def test_empty_rows_and_offsets() -> None:
    """A table that begins somewhere on the sheet is read from there; empty rows are left out."""
    made = Workbook()
    made.active["D10"], made.active["E10"], made.active["D12"], made.active["E12"] = (
        "Item",
        "Price",
        "Pen",
        "two\nlines",
    )

    assert document("a.xlsx", saved(made)).text == (
        "## Sheet\n\n| Item | Price |\n| --- | --- |\n| Pen | two lines |"
    )


def test_very_long_sheets() -> None:
    """A sheet of many rows is read whole; one of more cells than are read fails and says how many."""
    made = Workbook(write_only=True)
    sheet = made.create_sheet("Long")
    for number in range(20_000):
        sheet.append([f"row {number}", number])
    whole = saved(made)
    cells = b"<row>" + b"<c><v>1</v></c>" * 1_000 + b"</row>"
    name = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    many = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (name, cells * 1_001)

    assert document("a.xlsx", whole).text.endswith("| row 19999 | 19999 |")
    reason = failure("a.xlsx", changed(saved(book(["x"])), sheet1_xml=many))
    assert reason.endswith("1,001,000 of at most 1,000,000; split it")


@pytest.mark.parametrize("ending", ["xlsx", "xlsm"])
def test_what_is_no_workbook(ending: str) -> None:
    """Damaged, encrypted and empty workbooks fail with a reason."""
    whole = saved(book(["x"]))

    assert failure(f"a.{ending}", whole[:400]).startswith("is not an XLSX that can be read")
    assert failure(f"a.{ending}", b"\xd0\xcf\x11\xe0") == "is in an old binary format; save it as .xlsx"
    assert failure(f"a.{ending}", saved(Workbook())) == "holds no text"
    assert failure(f"a.{ending}", changed(whole, sheet1_xml=b"<worksheet><sheetData>")).startswith(
        "is not an XLSX"
    )
    assert failure("a.xls", b"text") == "is not an XLS that can be read: it does not begin as one"


def test_zeros_and_errors_as_shown() -> None:
    """A number that its format shows with zeros has them, and an error has the name Excel shows."""
    made = book(["Post code", "Share"], [1067, "#DIV/0!"])
    made.active["A2"].number_format = "00000"
    made.active["B2"].data_type = "e"

    assert document("a.xlsx", saved(made)).text.endswith("| 01067 | #DIV/0! |")


def test_tables_below_each_other() -> None:
    """A second table below an empty row has its own names of columns; groups of rows keep those of the first."""
    made = book(["A", "B"], ["x", 1], [], ["Second"], ["C", "D"], ["y", 2], [], ["z", 3])

    assert document("a.xlsx", saved(made)).text == (
        "## Prices\n\n| A | B |\n| --- | --- |\n| x | 1 |\n\n"
        "Second\n\n| C | D |\n| --- | --- |\n| y | 2 |\n| z | 3 |"
    )
