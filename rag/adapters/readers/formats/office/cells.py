"""Cells of Excel's sheets: merged ones, percentages, formulas without values; and rows of the table they become."""

import copy
import re
from itertools import pairwise
from typing import Any

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MOST_MERGED = 10_000
"""Cells of one merged area that get its value; a larger one is a sheet's decoration."""
_MOST_FILLED = 200_000
"""Cells of a sheet that get the value of an area."""
_AREA = re.compile(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})")
_NUMBER = re.compile(r"[-+(]?[\d][\d.,:/%\- )]*")
_CAPTIONS = 10
"""Rows above the names of columns that are taken for captions."""


def spread(tree: Any) -> int:
    """Give the value of merged cells to each cell of their area; return how many got it.

    An area of one row that is as wide as the sheet is a caption, and stays one cell.
    """
    rows = {row.get("r"): row for row in tree.iter(f"{_MAIN}row")}
    widest = max((len(row) for row in rows.values()), default=0)
    filled = 0
    for each in list(tree.iter(f"{_MAIN}mergeCell")):
        area = _AREA.fullmatch(each.get("ref", ""))
        if area is None:
            continue
        left, top, right, bottom = _column(area[1]), int(area[2]), _column(area[3]), int(area[4])
        size = (right - left + 1) * (bottom - top + 1)
        if not 1 < size <= _MOST_MERGED or filled + size > _MOST_FILLED:
            continue
        if top == bottom and right - left + 1 >= widest > 1:
            continue
        source = _cell(rows.get(area[2]), f"{area[1]}{area[2]}")
        if source is None or not len(source):
            continue
        for number in range(top, bottom + 1):
            row = rows.get(str(number))
            if row is not None:
                filled += _fill(row, number, left, right, source)
    return filled


def _fill(row: Any, number: int, left: int, right: int, source: Any) -> int:
    held = {_column(re.sub(r"\d+", "", cell.get("r", ""))): cell for cell in row}
    if any(column == 0 for column in held):
        return 0  # cells that do not say where they stand
    for column in range(left, right + 1):
        place = f"{_letters(column)}{number}"
        if place != source.get("r"):
            cell = copy.deepcopy(source)
            cell.set("r", place)
            for formula in cell.findall(f"{_MAIN}f"):
                cell.remove(formula)
            held[column] = cell
    row[:] = [held[column] for column in sorted(held)]
    return right - left + 1


def _cell(row: Any, place: str) -> Any:
    return None if row is None else next((cell for cell in row if cell.get("r") == place), None)


def _column(letters: str) -> int:
    number = 0
    for letter in letters[:3]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _letters(column: int) -> str:
    written = ""
    while column:
        column, rest = divmod(column - 1, 26)
        written = chr(ord("A") + rest) + written
    return written


def without_values(tree: Any) -> int:
    """Return how many formulas hold no value, as files of programs that do not compute have them."""
    return sum(
        1
        for cell in tree.iter(f"{_MAIN}c")
        if cell.find(f"{_MAIN}f") is not None
        and not (cell.findtext(f"{_MAIN}v") or cell.get("t") in ("str", "inlineStr"))
    )


def percentages(styles: Any) -> dict[str, int]:
    """Return style -> digits after the point, for those that show a number as a percentage."""
    digits = {"9": 0, "10": 2}
    for each in styles.iter(f"{_MAIN}numFmt"):
        code = re.sub(r'"[^"]*"|\\.', "", each.get("formatCode", "").split(";")[0])
        if "%" in code:
            digits[each.get("numFmtId", "")] = len(code.partition(".")[2].partition("%")[0])
        else:
            digits.pop(each.get("numFmtId", ""), None)
    formats = styles.find(f"{_MAIN}cellXfs")
    return {
        str(number): digits[each.get("numFmtId", "")]
        for number, each in enumerate(formats if formats is not None else ())
        if each.get("numFmtId", "") in digits
    }


def padded(styles: Any) -> dict[str, int]:
    """Return style -> digits, for those that show a number with zeros before it: 00000."""
    digits = {
        each.get("numFmtId", ""): len(each.get("formatCode", ""))
        for each in styles.iter(f"{_MAIN}numFmt")
        if re.fullmatch(r"0{2,20}", each.get("formatCode", ""))
    }
    formats = styles.find(f"{_MAIN}cellXfs")
    return {
        str(number): digits[each.get("numFmtId", "")]
        for number, each in enumerate(formats if formats is not None else ())
        if each.get("numFmtId", "") in digits
    }


def write_shown(tree: Any, pad: dict[str, int]) -> int:
    """Write numbers with their zeros, and errors as Excel shows them; return how many."""
    count = 0
    for cell in tree.iter(f"{_MAIN}c"):
        value = cell.find(f"{_MAIN}v")
        if value is None or not value.text:
            continue
        if cell.get("t") == "e":
            cell.set("t", "str")
        elif cell.get("s") in pad and cell.get("t", "n") == "n" and value.text.isdecimal():
            value.text = value.text.zfill(pad[cell.get("s")])
            cell.set("t", "str")
        else:
            continue
        count += 1
    return count


def write_percentages(tree: Any, percent: dict[str, int]) -> int:
    """Write numbers that are shown as percentages so; return how many."""
    count = 0
    for cell in tree.iter(f"{_MAIN}c") if percent else ():
        value = cell.find(f"{_MAIN}v")
        if cell.get("s") in percent and cell.get("t", "n") == "n" and value is not None and value.text:
            try:
                shown = f"{float(value.text) * 100:.{min(percent[cell.get('s')], 10)}f}%"
            except ValueError:
                continue
            value.text = shown
            cell.set("t", "str")
            count += 1
    return count


def with_names(table: str) -> str:
    """Return a sheet's table with captions above its first full row put before it, and empty rows left out.

    A row of words below an empty row, with numbers below it, names the columns of a table of its own.
    """
    lines = table.split("\n")
    if len(lines) < 2 or not lines[0].startswith("|") or not lines[1].startswith("| ---"):
        return table
    rows = [lines[0], *lines[2:]]
    split = [_split(row) if row.startswith("|") else None for row in rows]
    begins = [0, *_more_tables(split), len(rows)]
    tables = (_table(rows[at:end], split[at:end], lines[1]) for at, end in pairwise(begins))
    return "\n\n".join(filter(None, tables))


def _more_tables(rows: list[list[str] | None]) -> list[int]:
    """Return where tables below the first begin: at their captions, or the names of their columns."""
    found: list[int] = []
    gap: int | None = None
    for at, row in enumerate(rows):
        if row is None:
            return []  # a cell of several lines: rows are not what they seem
        filled = sum(map(bool, row))
        if not filled:
            gap = at + 1
        elif gap and filled > 1:
            below = rows[at + 1] if at + 1 < len(rows) else None
            names = all(_NUMBER.fullmatch(cell) is None for cell in row)
            if (
                names
                and below
                and any(name and _NUMBER.fullmatch(cell) for name, cell in zip(row, below, strict=False))
            ):
                found.append(gap)
            gap = None
    return [at for at in found if any(row and sum(map(bool, row)) > 1 for row in rows[:at])]


def _table(rows: list[str], split: list[list[str] | None], rule: str) -> str:
    kept = [(row, held) for row, held in zip(rows, split, strict=True) if held is None or any(held)]
    captions: list[str] = []
    while len(kept) > 1 and len(captions) < _CAPTIONS:
        held = kept[0][1]
        if (
            held is None
            or len(held) < 2
            or sum(map(bool, held)) != 1
            or not any(each is not None and sum(map(bool, each)) > 1 for _, each in kept[1:])
        ):
            break
        captions.append("".join(held).replace("\\|", "|"))
        kept.pop(0)
    body = [kept[0][0], rule, *(row for row, _ in kept[1:])] if kept else []
    return "\n\n".join([*captions, "\n".join(body)]).strip()


def _split(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
