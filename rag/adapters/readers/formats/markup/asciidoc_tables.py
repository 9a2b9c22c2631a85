"""AsciiDoc's tables, written as xberg reads them: each row a line, spanning cells in each row and column they span."""

import csv
import re
from itertools import islice

_TABLE = re.compile(
    r"^(?P<about>\[[^\]\n]{0,500}\][ \t]*\n)?(?P<mark>[|,:!])===+[ \t]*\n(?P<body>.*?)^(?P=mark)===+[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_CELL = re.compile(
    r"(?<!\\)(?:(?<![^\s|])(?P<spec>(?:\d{0,2}(?:\.\d{1,2})?\+|\d{1,2}\*)?[<^>]?(?:\.[<^>])?[aehlmsdv]?))?\|"
)
_COLUMNS = re.compile(r"cols\s*=\s*\"?(?P<cols>[^\"\]]{1,300}?)\"?\s*(?:,\s*\w+\s*=|,\s*[%\w]+\s*$|\]?\s*$)")
_MOST = 64


def as_rows(source: str) -> str:
    """Return a source whose tables of commas are tables of bars, and whose cells with specifiers are plain."""
    return _TABLE.sub(_rewritten, source)


def _rewritten(found: re.Match[str]) -> str:
    about, body = found["about"] or "", found["body"]
    if found["mark"] in ",:" or re.search(r"format\s*=\s*\"?[ct]sv", about):
        sign = ":" if found["mark"] == ":" else "\t" if "tsv" in about else ","
        rows = [row for row in csv.reader(body.split("\n"), delimiter=sign) if row]
        return _written(re.sub(r",?\s*format\s*=\s*\"?\w+\"?", "", about), rows, first=False)
    if found["mark"] != "|" or not any(each["spec"] for each in _CELL.finditer(body)):
        return found[0]
    cells = _cells(body)
    first = next((line for line in body.split("\n") if line.strip()), "")
    across = sum(_spans(each["spec"] or "")[0] for each in _CELL.finditer(first))
    if columns := _COLUMNS.search(about.strip().removesuffix("]").removeprefix("[")):
        across = sum(
            int(times[1]) if (times := re.match(r"(\d{1,2})\*", each.strip())) else 1
            for each in re.split("[,;]", columns["cols"])
        )
    gap = re.search(r"^[^\n]*\|[^\n]*\n[ \t]*\n", body.lstrip("\n")) is not None and not body.startswith("\n")
    return _written(about, _laid_out(cells, min(across, _MOST)), first=gap)


def _cells(body: str) -> list[tuple[int, int, str]]:
    """Return (columns, rows, text) of each cell."""
    marks = list(_CELL.finditer(body))
    found = []
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        text = " ".join(body[mark.end() : after.start() if after else len(body)].split())
        spec = mark["spec"] or ""
        if times := re.match(r"(\d{1,2})\*", spec):
            found += [(1, 1, text)] * int(times[1])
        else:
            found.append((*_spans(spec), text))
    return found


def _spans(spec: str) -> tuple[int, int]:
    if times := re.match(r"(\d{1,2})\*", spec):
        return int(times[1]), 1
    spans = re.match(r"(\d{0,2})(?:\.(\d{1,2}))?\+", spec)
    return (int(spans[1] or 1), int(spans[2] or 1)) if spans else (1, 1)


def _laid_out(cells: list[tuple[int, int, str]], across: int) -> list[list[str]]:
    rows: list[list[str]] = []
    taken: dict[int, list[str | None]] = {}
    at = 0
    waiting = iter(cells)
    while cell := next(waiting, None):
        columns, down, text = cell
        row = taken.setdefault(at, [None] * across)
        while None not in row:
            at += 1
            row = taken.setdefault(at, [None] * across)
        start = row.index(None)
        for below in islice(range(at, at + down), _MOST):
            line = taken.setdefault(below, [None] * across)
            for column in range(start, min(start + columns, across)):
                line[column] = text
    for number in sorted(taken):
        if any(taken[number]):
            rows.append([text or "" for text in taken[number]])
    return rows


def _written(about: str, rows: list[list[str]], *, first: bool) -> str:
    lines = ["".join(f"|{cell} " for cell in row).rstrip() for row in rows]
    if first and lines:
        lines.insert(1, "")
    return "\n".join([f"{about}|===", *lines, "|==="])
