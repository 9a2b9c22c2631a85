"""Known documents as files, written by libraries that no reader of ours uses, such as python-docx and openpyxl.

What pandoc writes (ODT, RTF, EPUB, reStructuredText, AsciiDoc, LaTeX, and a second DOCX) is there where pandoc is.
"""

import csv
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from html import escape
from pathlib import Path
from xml.sax.saxutils import escape as escape_xml

from known_documents import Known, Section

Writer = Callable[[Known, Path], None]

PANDOC_FORMATS = {
    "odt": "odt",
    "rtf": "rtf",
    "epub": "epub",
    "rst": "rst",
    "adoc": "asciidoc",
    "tex": "latex",
    "pandoc.docx": "docx",
}
"""File name ending -> what pandoc calls the format."""


def write_all(known: list[Known], folder: Path, *, pandoc: str | None) -> dict[str, list[Path]]:
    """Write every document in every format; return format -> the files, in the order of the documents."""
    files: dict[str, list[Path]] = {}
    for name, write in WRITERS.items():
        files[name] = [folder / name / f"{each.name}.{name}" for each in known]
        (folder / name).mkdir(parents=True)
        for each, path in zip(known, files[name], strict=True):
            write(each, path)
    if pandoc is not None:
        for name, called in PANDOC_FORMATS.items():
            files[name] = [folder / name / f"{each.name}.{name}" for each in known]
            (folder / name).mkdir()
            for each, path in zip(known, files[name], strict=True):
                subprocess.run(
                    [pandoc, "--from=html", f"--to={called}", "--standalone", "--output", path],
                    input=html_of(each),
                    text=True,
                    check=True,
                    capture_output=True,
                )
    return files


def find_pandoc(peers: str | None) -> str | None:
    """Return where pandoc is: on the path, or in the peers' environment as pypandoc_binary brings it."""
    if found := shutil.which("pandoc"):
        return found
    if peers is None:
        return None
    asked = subprocess.run(
        [peers, "-c", "import pypandoc; print(pypandoc.get_pandoc_path())"], capture_output=True, text=True
    )
    return asked.stdout.strip() or None if asked.returncode == 0 else None


def docx(known: Known, path: Path) -> None:
    """Write a DOCX with python-docx."""
    import docx as python_docx

    word = python_docx.Document()
    word.core_properties.title = known.title
    for section in known.sections:
        word.add_heading(section.heading, section.level)
        for paragraph in section.paragraphs:
            word.add_paragraph(paragraph)
        for item in section.items:
            word.add_paragraph(item, style="List Bullet")
        if section.rows:
            table = word.add_table(rows=0, cols=len(section.header))
            for row in (section.header, *section.rows):
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        for line in section.code:
            word.add_paragraph(line, style="No Spacing")
    word.save(str(path))


def pptx(known: Known, path: Path) -> None:
    """Write a PPTX with python-pptx: a slide for each section."""
    import pptx as python_pptx
    from pptx.util import Inches

    show = python_pptx.Presentation()
    show.core_properties.title = known.title
    for section in known.sections:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = section.heading
        body = slide.placeholders[1].text_frame
        lines = [*section.paragraphs, *section.items]
        body.text = lines[0]
        for line in lines[1:]:
            body.add_paragraph().text = line
        if section.rows:
            rows = (section.header, *section.rows)
            place = (Inches(1), Inches(5), Inches(8), Inches(2))
            table = slide.shapes.add_table(len(rows), len(section.header), *place).table
            for row, texts in enumerate(rows):
                for column, text in enumerate(texts):
                    table.cell(row, column).text = text
        if section.code:
            box = slide.shapes.add_textbox(Inches(1), Inches(6), Inches(8), Inches(1)).text_frame
            box.text = "\n".join(section.code)
    show.save(str(path))


def xlsx(known: Known, path: Path) -> None:
    """Write an XLSX with openpyxl: a sheet for each section, its units in cells."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, section in enumerate(known.sections, start=1):
        sheet = book.create_sheet(f"Part {number}")
        for row in _rows(section):
            sheet.append(row)
    book.properties.title = known.title
    book.save(path)


def pdf(known: Known, path: Path) -> None:
    """Write a PDF with reportlab."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import ListFlowable, Paragraph, Preformatted, SimpleDocTemplate, Spacer, Table

    styles, story = getSampleStyleSheet(), []
    for section in known.sections:
        story.append(Paragraph(escape(section.heading), styles[f"Heading{section.level}"]))
        for text in section.paragraphs:
            story += [Paragraph(escape(text), styles["Normal"]), Spacer(1, 8)]
        if section.items:
            items = [Paragraph(escape(item), styles["Normal"]) for item in section.items]
            story.append(ListFlowable(items, bulletType="bullet"))
        if section.rows:
            cells = [
                [Paragraph(escape(c), styles["Normal"]) for c in r] for r in (section.header, *section.rows)
            ]
            story.append(Table(cells, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")]))
        if section.code:
            story.append(Preformatted("\n".join(section.code), styles["Code"]))
    SimpleDocTemplate(str(path), pagesize=A4, title=known.title).build(story)


def html(known: Known, path: Path) -> None:
    """Write a page as sites have them: the document between menus and a footer."""
    path.write_text(html_of(known, around=True), encoding="utf-8")


def html_of(known: Known, *, around: bool = False) -> str:
    """Return a document as HTML; `around` it what a site puts there."""
    parts = []
    for section in known.sections:
        parts.append(f"<h{section.level}>{escape(section.heading)}</h{section.level}>")
        parts += [f"<p>{escape(text)}</p>" for text in section.paragraphs]
        if section.items:
            parts.append(f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in section.items)}</ul>")
        if section.rows:
            head = "".join(f"<th>{escape(name)}</th>" for name in section.header)
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in section.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
        if section.code:
            code = escape("\n".join(section.code))
            parts.append(f"<pre><code>{code}</code></pre>")
    menu = (
        "<nav><ul><li><a href='/'>Home</a></li><li><a href='/all'>All</a></li></ul></nav>" if around else ""
    )
    foot = "<footer>Imprint and privacy</footer>" if around else ""
    main = f"<main>{''.join(parts)}</main>" if around else "".join(parts)
    head = f"<head><meta charset='utf-8'><title>{escape(known.title)}</title></head>"
    return f"<!doctype html><html lang='en'>{head}<body>{menu}{main}{foot}</body></html>"


def md(known: Known, path: Path) -> None:
    """Write Markdown with front matter."""
    path.write_text(f"---\ntitle: {known.title}\n---\n\n{_markdown(known)}", encoding="utf-8")


def ipynb(known: Known, path: Path) -> None:
    """Write a Jupyter notebook: text in Markdown cells, code in code cells."""
    cells: list[dict[str, object]] = []
    for section in known.sections:
        text = _markdown(Known(name="", title="", sections=(section,)), code=False)
        cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
        if section.code:
            code: dict[str, object] = {"cell_type": "code", "execution_count": None, "outputs": []}
            cells.append({**code, "metadata": {}, "source": "\n".join(section.code)})
    book = {"cells": cells, "metadata": {"title": known.title}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book), encoding="utf-8")


def txt(known: Known, path: Path) -> None:
    """Write plain text, a unit on each line."""
    path.write_text("\n\n".join(known.units()), encoding="utf-8")


def csv_(known: Known, path: Path) -> None:
    """Write a CSV: a record for each section."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "title", "text"])
        writer.writeheader()
        writer.writerows(_records(known))


def tsv(known: Known, path: Path) -> None:
    """Write a TSV: a record for each section."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "title", "text"], delimiter="\t")
        writer.writeheader()
        writer.writerows(_records(known))


def json_(known: Known, path: Path) -> None:
    """Write a JSON list of records."""
    path.write_text(json.dumps(_records(known)), encoding="utf-8")


def jsonl(known: Known, path: Path) -> None:
    """Write JSON lines."""
    path.write_text("\n".join(map(json.dumps, _records(known))), encoding="utf-8")


def xml(known: Known, path: Path) -> None:
    """Write XML with an element for each unit."""
    units = "\n".join(f"  <unit>{escape_xml(unit)}</unit>" for unit in known.units())
    path.write_text(
        f"<?xml version='1.0' encoding='utf-8'?>\n<report>\n{units}\n</report>\n", encoding="utf-8"
    )


def eml(known: Known, path: Path) -> None:
    """Write a mail with the first section as its text and the others as an attached DOCX."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.org", "bob@example.org", known.title
    mail["Date"] = "Tue, 03 Mar 2026 10:00:00 +0000"
    first, rest = known.sections[0], known.sections[1:]
    mail.set_content("\n\n".join(Known(name="", title="", sections=(first,)).units()))
    attached = path.with_suffix(".docx")
    docx(Known(name=known.name, title=known.title, sections=rest), attached)
    mail.add_attachment(
        attached.read_bytes(),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="rest.docx",
    )
    attached.unlink()
    path.write_bytes(mail.as_bytes())


def zip_(known: Known, path: Path) -> None:
    """Write a ZIP: the first section as Markdown, the others as a page."""
    inner = path.with_suffix(".part")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        first = Known(name="", title=known.title, sections=known.sections[:1])
        archive.writestr("1-first.md", _markdown(first))
        html(Known(name="", title=known.title, sections=known.sections[1:]), inner)
        archive.write(inner, "2-rest.html")
    inner.unlink()


WRITERS: dict[str, Writer] = {
    "docx": docx,
    "pptx": pptx,
    "xlsx": xlsx,
    "pdf": pdf,
    "html": html,
    "md": md,
    "ipynb": ipynb,
    "txt": txt,
    "csv": csv_,
    "tsv": tsv,
    "json": json_,
    "jsonl": jsonl,
    "xml": xml,
    "eml": eml,
    "zip": zip_,
}
"""File name ending -> what writes such files."""


def _rows(section: Section) -> list[tuple[str, ...]]:
    lines = [section.heading, *section.paragraphs, *section.items]
    table = [section.header, *section.rows] if section.rows else []
    return [*((line,) for line in lines), *table, *((line,) for line in section.code)]


def _markdown(known: Known, *, code: bool = True) -> str:
    blocks = []
    for section in known.sections:
        blocks += [f"{'#' * section.level} {section.heading}", *section.paragraphs]
        if section.items:
            blocks.append("\n".join(f"- {item}" for item in section.items))
        if section.rows:
            rows = [section.header, ("---",) * len(section.header), *section.rows]
            blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
        if section.code and code:
            blocks.append("\n".join(["```", *section.code, "```"]))
    return "\n\n".join(blocks) + "\n"


def _records(known: Known) -> list[dict[str, str]]:
    made = []
    for number, section in enumerate(known.sections, start=1):
        heading, *rest = Known(name="", title="", sections=(section,)).units()
        made.append({"id": str(number), "title": heading, "text": "\n".join(rest)})
    return made
