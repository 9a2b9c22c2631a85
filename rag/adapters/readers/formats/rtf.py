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
_NOTHING = "\uf8f0"  # keeps a blank before a mark, which xberg takes out
_SIGN = re.compile(rb"(?P<pair>\\u(?P<high>-?\d{1,5})(?: ?\?| )?\\u(?P<low>-?\d{1,5})(?: ?\?| )?)|\\[\\{}~_]")
_FOREIGN = re.compile(rb"[\x80-\xff]")
_LISTED = re.compile(rb"\{\\listtext((?:\\[a-z]{1,20}-?\d{0,9} ?){0,20}[ ]?[^\\{}]{1,20})\\tab ?(?=\})")
_FIRST, _MOST_STAND_INS = 0xE000, 2_000
_STAND_IN = re.compile("[\ue000-\ue7cf]")
_LONGEST_OPENING = 1_500


def read(file: SourceFile) -> Records:
    """Read an RTF as one document; UnreadableDocument where it is none."""
    data = file.read_bytes()
    if not data.lstrip()[:5].lower().startswith(b"{\\rtf"):
        raise UnreadableDocument("is not an RTF that can be read: it does not begin with {\\rtf")
    data, beyond = _plain(data)
    corrected = _corrected(data)
    if b"\\bin" not in data:
        corrected = _BLANK.sub(rb"\\u-1808 ?", corrected)
    result = extracted(corrected, mime="application/rtf", kind="an RTF")
    text = _STAND_IN.sub(
        lambda found: beyond[at] if (at := ord(found[0]) - _FIRST) < len(beyond) else found[0],
        results.markdown(result.content.replace(_NOTHING, "")),
    )
    yield results.document(file, result, text=text)


def _plain(data: bytes) -> tuple[bytes, list[str]]:
    """Return it with signs that xberg does not read written out, and the letters beyond 16 bits that stand-ins mean."""
    beyond: dict[str, int] = {}

    def written(found: re.Match[bytes]) -> bytes:
        if found["pair"] is None:
            return {b"\\~": b"\\'a0", b"\\_": b"-"}.get(found[0], found[0])
        halves = [int(half) & 0xFFFF for half in (found["high"], found["low"])]
        if not (0xD800 <= halves[0] < 0xDC00 <= halves[1] < 0xE000):
            return found[0]
        letter = chr(0x10000 + (halves[0] - 0xD800) * 0x400 + halves[1] - 0xDC00)
        if len(beyond) >= _MOST_STAND_INS and letter not in beyond:
            return b"?"
        return b"\\u%d?" % (beyond.setdefault(letter, len(beyond)) + _FIRST - 0x10000)

    if b"\\bin" not in data:
        data = _FOREIGN.sub(lambda found: b"\\'%02x" % ord(found[0]), data)
    return _LISTED.sub(rb"{\1 ", _SIGN.sub(written, data)), list(beyond)


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
