"""AsciiDoc: xberg reads it, after marks it does not know were resolved."""

import re
from collections.abc import Callable

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.formats.markup import asciidoc_tables
from rag.adapters.readers.xberg import extracted

_NOTE = re.compile(r"footnote:(?:[\w-]{1,100})?\[(?P<text>(?:[^\]\n\\]|\\.){0,2000})\]")
_REFERENCE = re.compile(r"<<[^<>,\n]{1,300}(?:,[ ]?(?P<text>[^<>\n]{1,500}))?>>")
_MACRO_IMAGE = re.compile(r"image::?[^\s\[\]]{1,500}\[(?P<alt>[^\]\n,]{0,1000})[^\]\n]{0,1000}\]")
_MACRO_INCLUDE = re.compile(r"^include::(?P<path>[^\s\[\]]{1,500})\[[^\]\n]{0,500}\][ \t]*$", re.MULTILINE)
_CONDITION = re.compile(
    r"^(?:ifn?def|ifeval|endif)::[^\s\[\]]{0,200}\[([^\]\n]{0,2000})\][ \t]*$", re.MULTILINE
)
_BLOCK_TITLE = re.compile(
    r"^(?P<before>(?:\[[^\]\n]{0,500}\][ \t]*\n){0,5})\.(?P<title>[^\s.][^\n]{0,500})\n"
    r"(?P<after>(?:\[[^\]\n]{0,500}\][ \t]*\n){0,5})(?=\S)",
    re.MULTILINE,
)
_SIDEBAR = re.compile(r"^(?:\*{4,}|\+)[ \t]*$", re.MULTILINE)
_XREF = re.compile(r"xref:[^\s\[\]]{1,300}\[([^\]\n]{1,500})\]")
_COMMENT_BLOCK = re.compile(r"^////+[ \t]*$.*?(?:^////+[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_LISTING = re.compile(
    r"^(?P<fence>-{4,}|\.{4,}|\+{4,}|`{3,})[ \t]*$.*?(?:^(?P=fence)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)


def read(file: SourceFile) -> Records:
    """Read AsciiDoc as one document; files that it includes are named as not read."""
    read = file.decoded()
    source = _COMMENT_BLOCK.sub("", read.text)
    notes: list[str] = []
    unread = list(read.unread)

    def noted(found: re.Match[str]) -> str:
        notes.append(found["text"].replace("\\]", "]"))
        return f"[^{len(notes)}]"

    def included(found: re.Match[str]) -> str:
        unread.append(f"{found['path']}, which it includes, was not read")
        return ""

    def mended(text: str) -> str:
        text = _MACRO_INCLUDE.sub(included, text)
        text = _SIDEBAR.sub("", _BLOCK_TITLE.sub(r"\g<title>\n\n\g<before>\g<after>", text))
        text = _XREF.sub(r"\1", text)
        text = _NOTE.sub(noted, text)
        text = _REFERENCE.sub(lambda found: found["text"] or found[0].strip("<>"), text)
        return _MACRO_IMAGE.sub(lambda found: found["alt"], text)

    source = asciidoc_tables.as_rows(_CONDITION.sub(r"\1", source))
    result = extracted(_between(source, mended).encode(), mime="text/asciidoc", kind="AsciiDoc")
    text = results.markdown(result.content)
    definitions = [f"[^{number}]: {note}" for number, note in enumerate(notes, start=1)]
    yield results.document(file, result, text="\n\n".join([text, *definitions]), unread=unread)


def _between(source: str, mended: Callable[[str], str]) -> str:
    """Return the source with all but its listings mended."""
    pieces: list[str] = []
    done = 0
    for listing in _LISTING.finditer(source):
        pieces += [mended(source[done : listing.start()]), listing[0]]
        done = listing.end()
    return "".join([*pieces, mended(source[done:])])
