"""Jupyter notebooks: Markdown and code cells with what they put out, in their order."""

import json
import re
from collections.abc import Iterator
from typing import Any

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.html import fragment
from rag.errors import UnreadableDocument

_COLOURS = re.compile(r"\x1b\[[0-9;]{0,30}[A-Za-z]")
_STANDS_FOR = re.compile(r"<IPython\.core\.display\.\w+ object>")
_TRACES = 20
"""Lines of an error's traceback that are kept; its last ones say what went wrong."""


def read(file: SourceFile) -> Records:
    """Read a notebook as one document, without pictures.

    Raises:
        UnreadableDocument: it is no notebook.
    """
    try:
        read = file.decoded()
        notebook = json.loads(read.text)
    except (ValueError, RecursionError) as error:
        raise UnreadableDocument(f"is not a notebook that can be read: {error}") from error
    cells = _cells(notebook)
    if cells is None:
        raise UnreadableDocument("is not a notebook that can be read: it has no list of cells")
    about = notebook.get("metadata")
    about = about if isinstance(about, dict) else {}
    language = _language(about)
    text = "\n\n".join(
        piece for cell in cells if isinstance(cell, dict) for piece in _pieces(cell, language) if piece
    )
    authors = about.get("authors")
    names = (
        [each.get("name") for each in authors if isinstance(each, dict)] if isinstance(authors, list) else []
    )
    title = about.get("title")
    yield file.document(
        text=text,
        title=results.given_title(title if isinstance(title, str) else "")
        or results.first_heading(text)
        or file.stem,
        metadata=results.described(authors=[name for name in names if isinstance(name, str)]),
        unread=read.unread,
    )


def _cells(notebook: Any) -> list[Any] | None:
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if not isinstance(cells, list) and isinstance(sheets := notebook.get("worksheets"), list):
        # Notebooks before 2015 have their cells on sheets.
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
    return cells if isinstance(cells, list) else None


def _language(about: dict[str, Any]) -> str:
    for name, key in (("language_info", "name"), ("kernelspec", "language")):
        held = about.get(name)
        if isinstance(held, dict) and isinstance(held.get(key), str):
            return str(held[key])
    return ""


def _pieces(cell: dict[str, Any], language: str) -> Iterator[str]:
    kind = cell.get("cell_type")
    source = _joined(cell.get("source", cell.get("input"))).strip("\n")
    if kind == "code":
        if source.strip():
            yield _fenced(source, language)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                yield _output(output)
    elif kind == "heading":
        level = cell.get("level")
        yield f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source}"
    elif source.strip():
        yield results.markdown(source, escaped=False) if kind == "markdown" else source


def _output(output: dict[str, Any]) -> str:
    """Return what a cell put out: a table or text, the richest form that is text."""
    if output.get("output_type") in ("error", "pyerr"):
        trace = output.get("traceback")
        lines = _COLOURS.sub(
            "", "\n".join(filter(None, map(_joined, trace if isinstance(trace, list) else [])))
        )
        said = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
        kept = lines.split("\n")[-_TRACES:]
        return _fenced("\n".join(kept) if any(kept) else said)
    if "text" in output and "data" not in output:
        return _fenced(_printed(_joined(output["text"])).strip("\n"))
    data = output.get("data")
    data = data if isinstance(data, dict) else output
    if markdown := _joined(data.get("text/markdown")).strip():
        return results.markdown(markdown, escaped=False)
    html = _joined(data.get("text/html"))
    if "<table" in html and (table := fragment(html)):
        return table
    plain = _joined(data.get("text/plain", data.get("text"))).strip("\n")
    # Of a picture the words "<Figure size 640x480>" are left.
    if plain.strip() and not _STANDS_FOR.match(plain) and not (plain.startswith("<") and _is_picture(data)):
        return _fenced(_COLOURS.sub("", plain))
    if html:
        return fragment(html)
    if isinstance(data.get("application/json"), dict | list):
        return _fenced(json.dumps(data["application/json"], ensure_ascii=False, indent=1), "json")
    return _joined(data.get("text/latex"))


def _is_picture(data: dict[str, Any]) -> bool:
    return any(name.startswith("image/") for name in data)


def _printed(text: str) -> str:
    """Return what a terminal shows: no colours, and of a line that was written over its last state."""
    lines = _COLOURS.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _fenced(text: str, language: str = "") -> str:
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
