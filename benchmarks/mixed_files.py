"""A folder of many small files of seven kinds, the same every time: made quickly, read by `ingesting.py`."""

import csv
import html
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
from reportlab.pdfgen.canvas import Canvas

_SUBJECTS = [
    "the office",
    "a colleague",
    "the supplier",
    "our warehouse",
    "the insurer",
    "every visitor",
    "the night shift",
]
_VERBS = ["returns", "orders", "checks", "signs for", "reports", "keeps", "sends back", "pays for"]
_OBJECTS = ["the badge", "a parcel", "two invoices", "the spare key", "the annual report", "a broken lamp"]
_WHENS = [
    "on Monday",
    "within three days",
    "before noon",
    "once a year",
    "after the inspection",
    "when asked",
]


def make_folder(root: Path, files: int) -> None:
    """Write so many files below `root`, 500 to a folder."""
    blank = io.BytesIO()
    docx.Document().save(blank)
    makers: list[tuple[str, Callable[[str, list[str]], bytes]]] = [
        ("txt", lambda title, parts: "\n\n".join([title, *parts]).encode()),
        ("md", lambda title, parts: "\n\n".join([f"# {title}", *_headed(parts)]).encode()),
        ("html", _page),
        ("csv", _table),
        ("json", _records),
        ("docx", lambda title, parts: _word(blank.getvalue(), title, parts)),
        ("pdf", _paper),
    ]
    for number in range(files):
        chance = random.Random(number)
        parts = [_paragraph(chance) for _ in range(chance.randint(3, 10))]
        ending, make = makers[number % len(makers)]
        path = root / f"{number // 500:03}" / f"{number:05}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(f"Rule {number}", parts))


def _paragraph(chance: random.Random) -> str:
    lists = (_SUBJECTS, _VERBS, _OBJECTS, _WHENS)
    sentences = (" ".join(chance.choice(words) for words in lists) for _ in range(chance.randint(3, 7)))
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def _headed(parts: list[str]) -> list[str]:
    return [f"## Part {number}\n\n{part}" for number, part in enumerate(parts, start=1)]


def _page(title: str, parts: list[str]) -> bytes:
    body = "".join(f"<h2>Part {number}</h2><p>{html.escape(part)}</p>" for number, part in enumerate(parts))
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>".encode()


def _table(title: str, parts: list[str]) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["id", "title", "text"])
    rows.writerows([number, f"{title}, {number}", part] for number, part in enumerate(parts))
    return out.getvalue().encode()


def _records(title: str, parts: list[str]) -> bytes:
    return json.dumps(
        [{"id": number, "title": f"{title}, {number}", "text": part} for number, part in enumerate(parts)]
    ).encode()


def _word(blank: bytes, title: str, parts: list[str]) -> bytes:
    """Return a DOCX: the blank one with another document part, a tenth of the time that its library takes."""
    heading = f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>{title}</w:t></w:r></w:p>'
    body = heading + "".join(f"<w:p><w:r><w:t>{html.escape(part)}</w:t></w:r></w:p>" for part in parts)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    document = f'<?xml version="1.0"?><w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(blank)) as given, zipfile.ZipFile(out, "w") as archive:
        for entry in given.infolist():
            changed = document.encode() if entry.filename == "word/document.xml" else given.read(entry)
            archive.writestr(entry, changed)
    return out.getvalue()


def _paper(title: str, parts: list[str]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    lines = [title, *(part[start : start + 90] for part in parts for start in range(0, len(part), 90))]
    for page in range(0, len(lines), 45):
        for row, line in enumerate(lines[page : page + 45]):
            canvas.drawString(50, 780 - 16 * row, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
