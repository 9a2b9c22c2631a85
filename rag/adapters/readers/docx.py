"""Word's DOCX: paragraphs, headings and tables in their order."""

import re
import zipfile
from io import BytesIO
from typing import Any

from rag.adapters.readers.files import DAMAGE, Records, SourceFile
from rag.errors import UnreadableDocument

_OLE = b"\xd0\xcf\x11\xe0"  # an old .doc, or a .docx that is encrypted
_MOST_UNPACKED = 4  # times the largest file allowed; a small archive can unpack to anything


def read(file: SourceFile) -> Records:
    """Read a DOCX as one document.

    Raises:
        UnreadableDocument: it is broken, needs a password, or unpacks to far too much.
    """
    import docx
    from docx.opc.exceptions import OpcError

    data = file.read_bytes()
    if data.startswith(_OLE):
        raise UnreadableDocument("is encrypted or in Word's old format; save it as .docx without a password")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MOST_UNPACKED * file.max_bytes:
            raise UnreadableDocument(f"unpacks to {unpacked:,} bytes, which is too much")
        word = docx.Document(BytesIO(data))
        text = "\n\n".join(filter(None, map(_block, word.iter_inner_content())))
        title = (word.core_properties.title or "").strip() or _first_heading(word)
    except (OpcError, *DAMAGE) as error:
        raise UnreadableDocument(f"is not a DOCX that can be read: {error}") from error
    yield file.document(text=text, title=title or file.stem)


def _block(block: Any) -> str:
    """Return a paragraph or a table as text."""
    if hasattr(block, "rows"):
        return "\n".join(filter(None, map(_row, block.rows)))
    text = str(block.text).strip()
    level = _heading_level(block)
    if text and level is not None:
        return f"{'#' * max(level, 1)} {' '.join(text.split())}"
    if text and str(block.style.name if block.style is not None else "").startswith("List"):
        return f"- {text}"
    return text


def _row(row: Any) -> str:
    cells: list[Any] = []
    for cell in row.cells:
        # A merged cell is given once for each column it spans.
        if not cells or cells[-1]._tc is not cell._tc:
            cells.append(cell)
    texts = [" ".join(cell.text.split()) for cell in cells]
    return " | ".join(texts) if any(texts) else ""


def _heading_level(paragraph: Any) -> int | None:
    """Return 0 for the title, 1 to 6 for a heading, None for other paragraphs."""
    name = str(paragraph.style.name if paragraph.style is not None else "")
    if name == "Title":
        return 0
    match = re.fullmatch(r"Heading ([1-9])", name)
    return min(int(match[1]), 6) if match else None


def _first_heading(word: Any) -> str:
    levels = ((_heading_level(paragraph), str(paragraph.text).strip()) for paragraph in word.paragraphs)
    return next((text for level, text in levels if level is not None and text), "")
