"""Writes Word files from their XML, and reads files as an upload is read."""

import io
import zipfile
from collections.abc import Iterable, Mapping

from rag.adapters.readers import read_content
from rag.domain import Document
from rag.library.documents import ReadFailure

LIMIT = 20_000_000

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
NAMES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": f"{_OFFICE}/relationships",
    "m": f"{_OFFICE}/math",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())


def paragraph(text: str) -> str:
    """Return a paragraph of Word with a text."""
    return f'<w:p><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def cell(content: str, properties: str = "") -> str:
    """Return a cell of Word with a text or with blocks."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content if content.startswith('<') else paragraph(content)}</w:tc>"


def table(*rows: Iterable[str]) -> str:
    """Return a table of Word with rows of cells."""
    return "<w:tbl>" + "".join("<w:tr>" + "".join(row) + "</w:tr>" for row in rows) + "</w:tbl>"


def word(
    body: str,
    *,
    parts: Mapping[str, str | bytes] | None = None,
    related: Iterable[tuple[str, str, str]] = (),
    core: str = "",
) -> bytes:
    """Return a Word file.

    Args:
        body: what stands within w:body.
        parts: name -> content of other parts; text gets the namespaces declared at its root's @.
        related: (id, kind, target) of what the document points at.
        core: what stands within the properties of the file.
    """
    out = io.BytesIO()
    listed = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/relationships/{kind}" Target="{target}"'
        + (' TargetMode="External"/>' if "://" in target else "/>")
        for key, kind, target in related
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="d" Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/>'
            f'<Relationship Id="c" Type="{_PACKAGE}/relationships/metadata/core-properties" '
            'Target="docProps/core.xml"/></Relationships>',
        )
        archive.writestr("word/document.xml", f"<w:document {DECLARED}><w:body>{body}</w:body></w:document>")
        archive.writestr(
            "word/_rels/document.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>',
        )
        archive.writestr(
            "docProps/core.xml",
            f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{core}</cp:coreProperties>',
        )
        for name, content in (parts or {}).items():
            archive.writestr(name, content.replace("@", DECLARED, 1) if isinstance(content, str) else content)
    return out.getvalue()


def changed(data: bytes, **parts: bytes) -> bytes:
    """Return a zipped package with the parts of these names changed; of a name the end is enough, dots as _."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as given,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in given.namelist():
            new = next(
                (content for end, content in parts.items() if name.replace(".", "_").endswith(end)), None
            )
            archive.writestr(name, given.read(name) if new is None else new)
    return out.getvalue()


def records(filename: str, content: bytes | str, *, max_bytes: int = LIMIT) -> list[Document | ReadFailure]:
    """Return what is read of a file."""
    data = content.encode() if isinstance(content, str) else content
    return list(
        read_content(data, filename=filename, uri=f"upload:{filename}", tenant="acme", max_bytes=max_bytes)
    )


def document(filename: str, content: bytes | str) -> Document:
    """Return the one document of a file."""
    (made,) = records(filename, content)
    assert isinstance(made, Document), made
    return made


def failure(filename: str, content: bytes | str, *, max_bytes: int = LIMIT) -> str:
    """Return the reason of the one failure of a file."""
    (made,) = records(filename, content, max_bytes=max_bytes)
    assert isinstance(made, ReadFailure), made
    return made.reason
