"""The text of bytes: by the label that came with them, as browsers read labels; else Unicode, else a guess, told."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.errors import UnreadableDocument

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins as UTF-16's does
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}

_CODECS = {"gbk": "gb18030", "x-user-defined": "cp1252"}
"""The web's name -> Python's, where the standard's decoder reads more than Python's of that name."""

_BEYOND_THE_WEB = frozenset(
    {"cp437", "ibm437", "cp775", "cp850", "ibm850", "cp852", "ibm852", "cp858", "cp861"}
    | {"cp932", "ms932", "cp936", "ms936", "cp949", "ms949", "cp950", "ms950"}
    | {"utf-32", "utf-32le", "utf-32be", "utf-7", "iso-2022-kr", "hz", "hz-gb-2312"}
)
"""Labels that no browser reads and old files and mails have."""

_LATIN = ("cp1252", "cp1250", "iso8859-2", "cp1254", "cp1257", "cp1258")
_OF_ANY_SCRIPT = (
    *_LATIN,
    *("cp1251", "koi8-r", "koi8-u", "cp866", "cp1253", "cp1255", "cp1256", "cp874"),
    *("cp932", "euc_jis_2004", "iso2022_jp_2", "gb18030", "big5hkscs", "cp949"),
    *("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
)
"""What is guessed: encodings that text files of ordinary machines are in."""

_FITS_ANYTHING = ("cp12", "cp4", "cp7", "cp8", "iso8859", "koi8", "mac", "tis", "utf-16", "utf-32")
"""How the names of encodings begin in which nearly any bytes are some text."""

_FOREIGN = re.compile(rb"[\x80-\xff]+")
_WORDS = re.compile(rb"[\x40-\x7e\x80-\xff ]+")
_CONTROLS = re.compile(r"[\0\x80-\x9f]")  # none of them is in a text
_LONGEST_LATIN_RUN = 1.6  # bytes beyond ASCII in a row, on average
_LOOKED_AT = 200_000  # bytes
_FEW = 20  # letters of UTF-8 for each byte that is none: such a text is UTF-8 with a fault


@dataclass(frozen=True, slots=True)
class Decoded:
    r"""A text and what is not sure about it."""

    text: str  # lines end with \n
    unread: tuple[str, ...] = ()  # reasons, as a document has them


def decoded(data: bytes, *, labels: Sequence[str | None] = ()) -> Decoded:
    r"""Return the text of bytes; line ends become ``\n``.

    A byte order mark goes first, then the first label that is known, then UTF-8. What fits none of them is
    guessed, and the guess is told.

    Args:
        data: the bytes.
        labels: names of encodings that came with the bytes, the most trusted one first; names as the WHATWG's
            Encoding standard knows them: ``latin1`` is windows-1252.

    Raises:
        UnreadableDocument: it is no text.
    """
    if mark := _mark(data):
        return Decoded(_unmarked(data, mark))
    encoding = next(filter(None, map(codec_of, filter(None, labels))), None)
    unicode = None if _disguised(data) else _strictly(data, "utf-8")
    # Bytes that spell UTF-8 all through were labelled by somebody who did not look.
    trusted = unicode is None or data.isascii() or not (encoding or "").startswith(_FITS_ANYTHING)
    if encoding and trusted and (text := _strictly(data, encoding)) is not None:
        return Decoded(_lines(text))
    if unicode is None:
        return _guessed(data, encoding)
    if encoding is None or encoding == "utf-8":
        return Decoded(_lines(unicode))
    return Decoded(_lines(unicode), (f"encoding guessed as UTF-8, not {_name(encoding)} as labelled",))


def unicode_of(data: bytes) -> str:
    r"""Return the text of UTF-8 bytes, or of what a byte order mark announces; line ends become ``\n``.

    Raises:
        UnreadableDocument: it is something else; a guess could turn it into other letters.
    """
    if mark := _mark(data):
        return _unmarked(data, mark)
    try:
        return _lines(data.decode())
    except UnicodeDecodeError as error:
        where = f"byte {error.start} is 0x{data[error.start]:02x}"
    raise UnreadableDocument(f"is not UTF-8 text ({where}); save it as UTF-8")


def codec_of(label: str) -> str | None:
    """Return Python's name of the encoding that a label means; None where it means none."""
    import webencodings

    label = label.strip().strip("\"'").lower()
    known = webencodings.lookup(label) if label.isascii() else None
    if known is not None and known.name != "replacement":
        return _CODECS.get(known.name, str(known.codec_info.name))
    return codecs.lookup(label).name if label in _BEYOND_THE_WEB else None


def _mark(data: bytes) -> bytes:
    return next((mark for mark in _MARKS if data.startswith(mark)), b"")


def _unmarked(data: bytes, mark: bytes) -> str:
    encoding = _MARKS[mark]
    text = _strictly(data[len(mark) :], encoding)
    if text is None:
        why = f"the byte order mark says {_name(encoding)}, the rest does not fit"
        raise UnreadableDocument(f"is not UTF-8 text ({why}); save it as UTF-8")
    return _lines(text)


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _guessed(data: bytes, encoding: str | None) -> Decoded:
    """Return the text as the most likely encoding gives it.

    Raises:
        UnreadableDocument: there is none.
    """
    if not _disguised(data):
        for likely in filter(None, (encoding, "utf-8")):
            text = data.decode(likely, errors="replace")
            faults = text.count("\ufffd")
            fitting = (
                len(text)
                if likely.startswith(_FITS_ANYTHING)
                else len(text) - len(text.encode("ascii", "ignore"))
            )
            if faults * _FEW <= fitting:
                what = f"{faults:,} place{'s are' if faults > 1 else ' is'} no {_name(likely)} and"
                return Decoded(_lines(text), (f"{what} stand{'' if faults > 1 else 's'} as \ufffd",))
    for guess in _guesses(data):
        if (fits := _strictly(data, guess)) is not None and not _CONTROLS.search(fits):
            return Decoded(_lines(fits), (f"encoding guessed as {_name(guess)}; save it as UTF-8",))
    raise UnreadableDocument("is not text in any encoding that is known; save it as UTF-8")


def _disguised(data: bytes) -> bool:
    """Tell whether what would pass for UTF-8 is something else: wide letters, or escapes that stand for letters."""
    return data.count(b"\0") * _FEW > len(data) or (b"\x1b$" in data and data.isascii())


def _guesses(data: bytes) -> Iterator[str]:
    from chardet import detect

    looked_at = data[:_LOOKED_AT]
    runs = _FOREIGN.findall(looked_at)
    # Words in Latin letters have single accents; those of other scripts hardly a letter of ASCII.
    latin = bool(runs) and not _disguised(data) and sum(map(len, runs)) <= _LONGEST_LATIN_RUN * len(runs)
    if not latin and not _disguised(data):
        # Tags, styles and scripts around the words tell nothing of their letters.
        looked_at = b"\n".join(each for each in _WORDS.findall(looked_at) if _FOREIGN.search(each))
    found: str | None = detect(looked_at, include_encodings=_LATIN if latin else _OF_ANY_SCRIPT)["encoding"]
    if found:
        yield found
        yield from _LATIN if latin else ()


def _name(encoding: str) -> str:
    """Return the name that people know."""
    return re.sub(r"^(?:CP|WINDOWS-)(?=125\d$)", "Windows-", encoding.upper())


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
