"""RTF: xberg reads it, after deleted text was taken out and notes were put in their places."""

import re
from collections.abc import Iterator

from rag.adapters.readers.files import Records, SourceFile
from rag.adapters.readers.formats import results
from rag.adapters.readers.xberg import extracted
from rag.errors import UnreadableDocument

_MARK = re.compile(rb"\\bin(\d{1,9}) ?|\\[\\{}]|[{}]")
_DELETED = re.compile(rb"\{(?:\\[a-z]{1,30}-?\d{0,9} ?){0,40}?\\deleted(?![0-9a-z])")
_NOTE = re.compile(rb"\{(?:\\\*)?\\footnote(?![a-z])")
_NUMBER = re.compile(rb"\\chftn(?![a-z]) ?")
_RUNNING = re.compile(rb"\{\\(?:header|footer)[lrf]?(?![a-z])")
_BLANK = re.compile(rb"(?<=[^\\\s] )(?=[.,;:!?][\w ])")
_NOTHING = "\ue000"  # keeps a blank before a mark, which xberg takes out
_LONGEST_OPENING = 1_500


def read(file: SourceFile) -> Records:
    """Read an RTF as one document; UnreadableDocument where it is none."""
    data = file.read_bytes()
    if not data.lstrip()[:5].lower().startswith(b"{\\rtf"):
        raise UnreadableDocument("is not an RTF that can be read: it does not begin with {\\rtf")
    corrected = _corrected(data)
    if b"\\bin" not in data:
        corrected = _BLANK.sub(rb"\\u57344 ?", corrected)
    result = extracted(corrected, mime="application/rtf", kind="an RTF")
    yield results.document(file, result, text=results.markdown(result.content.replace(_NOTHING, "")))


def _corrected(data: bytes) -> bytes:
    """Return it without deleted text, headers apart from the text, and notes with their marks."""
    pieces: list[bytes] = []
    notes: list[bytes] = []
    seen: set[bytes] = set()
    done = 0
    for kind, start, end in _groups(data):
        if start < done:
            continue
        # xberg writes marks of its own where the note's number stands.
        pieces.append(_NUMBER.sub(b" ", data[done:start]))
        done = end
        group = data[start:end]
        if kind == "note":
            pieces.append(b" [^%d]" % (len(notes) + 1))
            notes.append(b"{\\pard [^%d]: %s\\par}" % (len(notes) + 1, _note(group)))
        elif kind == "running" and group.split(b" ", 1)[-1] not in seen:
            seen.add(group.split(b" ", 1)[-1])
            pieces.append(group[:-1] + b"\\par}")
    rest = data[done:].rstrip(b"\0\r\n\t ")
    closing = rest[-1:] if rest.endswith(b"}") else b""
    return b"".join([*pieces, rest.removesuffix(b"}"), b"\\par" if notes else b"", *notes, closing])


def _note(group: bytes) -> bytes:
    inner = group[_NOTE.match(group).end() : -1]  # type: ignore[union-attr]
    return re.sub(rb"\\chftn ?|\\par(?![a-z])|\\pard(?![a-z])", b" ", inner).strip()


def _groups(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield (kind, start, end) of groups that are put right, in their order."""
    found: list[tuple[str, int, int]] = []
    open_: list[tuple[str, int]] = []
    at = 0
    while mark := _MARK.search(data, at):
        at = mark.end()
        if mark[1] is not None:
            at += int(mark[1])
        elif mark[0] == b"{":
            open_.append((_kind(data[mark.start() : mark.start() + _LONGEST_OPENING]), mark.start()))
        elif mark[0] == b"}" and open_:
            kind, start = open_.pop()
            if kind:
                found.append((kind, start, mark.end()))
    return iter(sorted(found, key=lambda group: group[1]))


def _kind(opening: bytes) -> str:
    for kind, pattern in (("note", _NOTE), ("running", _RUNNING), ("deleted", _DELETED)):
        if pattern.match(opening):
            return kind
    return ""
