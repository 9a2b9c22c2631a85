"""reStructuredText and AsciiDoc: xberg reads them, after marks it does not know were resolved."""

import re
from collections.abc import Callable

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import asciidoc_tables, directives, results
from rag.adapters.readers.xberg import extracted

_BLOCKS_RST = re.compile(
    r"^(?P<indent>[ \t]*)(?:\.\. (?:code|code-block|sourcecode|parsed-literal|math|raw)::|.*::[ \t]*$)"
)
_CODE_OPTIONS = re.compile(
    r"^(?P<head>[ \t]*\.\. (?:code|code-block|sourcecode)::[^\n]*\n)(?:[ \t]+:[\w-]{1,40}:[^\n]*\n){1,20}",
    re.MULTILINE,
)
_ROLE = re.compile(r":[a-zA-Z][\w:+.-]{0,60}:`(?P<text>[^`\n]{1,2000})`")
_TARGET = re.compile(r"^(?P<shown>.{1,2000}?)\s*<[^<>]{1,1000}>$")
_SUBSTITUTION = re.compile(
    r"^[ \t]*\.\. \|(?P<name>[^|\n]{1,100})\| replace:: (?P<text>[^\n]{1,2000})\n?", re.MULTILINE
)
_SUBSTITUTED = re.compile(r"(?<!\w)\|(?P<name>[^|\s][^|\n]{0,100})\|_{0,2}(?!\w)")
_ADMONITION = re.compile(r"^> \*\*(?P<kind>[a-z-]{1,30})::[ ]?(?P<text>[^\n]*?)\*\*$", re.MULTILINE)
_PICTURE = re.compile(r"^\[image: (?P<alt>[^\]\n]{0,1000})\]$", re.MULTILINE)

_NOTE_ADOC = re.compile(r"footnote:(?:[\w-]{1,100})?\[(?P<text>(?:[^\]\n\\]|\\.){0,2000})\]")
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


def read_restructured(file: SourceFile) -> Records:
    """Read reStructuredText as one document; files that it includes are named as not read."""
    read = file.decoded()
    source, unread = read.text, list(read.unread)
    known = {found["name"]: found["text"].strip() for found in _SUBSTITUTION.finditer(source)}
    source = _SUBSTITUTION.sub("", source)
    written = directives.written_out(_outside_literals(source), unread)
    lines = _outside_literals("\n".join(written))

    def mended(line: str) -> str:
        line = _ROLE.sub(lambda found: _shown(found["text"]), line)
        return _SUBSTITUTED.sub(lambda found: known.get(found["name"], found[0]), line)

    source = "\n".join(line if literal else mended(line) for line, literal in lines)
    source = _CODE_OPTIONS.sub(r"\g<head>", source)
    result = extracted(source.encode(), mime="text/prs.fallenstein.rst", kind="reStructuredText")
    text = results.markdown(result.content)
    text = _ADMONITION.sub(
        lambda found: f"> **{found['kind'].capitalize()}:** {found['text']}".rstrip(), text
    )
    text = _PICTURE.sub(r"\g<alt>", text)
    yield results.document(file, result, text=text, title=results.first_heading(text), unread=unread)


def _outside_literals(source: str) -> list[tuple[str, bool]]:
    """Return each line, and whether it stands in a literal block."""
    found: list[tuple[str, bool]] = []
    literal: int | None = None  # indentation of what opened the block
    for line in source.split("\n"):
        indent = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        found.append((line, literal is not None))
        if (
            literal is None
            and _BLOCKS_RST.match(line)
            and not re.match(r"[ \t]*\.\. (?!code|source|parsed|math|raw)", line)
        ):
            literal = indent
    return found


def _shown(text: str) -> str:
    """Return what a role shows: the text before a target, or the name without its path."""
    if target := _TARGET.match(text):
        return target["shown"]
    return text.removeprefix("!").rpartition(".")[2] if text.startswith("~") else text.removeprefix("!")


def read_asciidoc(file: SourceFile) -> Records:
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
        text = _NOTE_ADOC.sub(noted, text)
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
