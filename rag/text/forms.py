"""Text -> the one form under which ways of writing the same letters are the same.

Ligatures, full-width and composed letters, soft hyphens, blanks that do not break, curly quotes: people type "office"
and mean the "oﬃce" of a PDF. Encoders, words and quotes see the form; a document keeps its own text for display.

It is Unicode's NFKC (Unicode Standard Annex 15) but for what that would change in meaning: 2½ stays apart from 21/2,
10² from 102. Joiners stay where they shape what is read: in Persian, in Indic scripts, within emoji.
"""

import re
import unicodedata
from bisect import bisect_right

_QUOTES = dict.fromkeys("‘’‚‛‹›′ʼ´ˈ׳＇", "'") | dict.fromkeys("“”„‟«»″״〝〞〟＂", '"')
_DASHES = dict.fromkeys("‐‑‒–—―−⁃֊־﹘﹣－", "-")
# What is not seen and means nothing: zero-width blanks, marks of direction, selectors of a glyph, fillers, tags; and
# what only stretches (kashida) or claims (trade mark).
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff\u0640\u2120\u2122"
)
_LINES = dict.fromkeys("\u0085\u2028\u2029", "\n")
_SAID = _QUOTES | _DASHES | _LINES
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ"
_FRACTIONS = "¼½¾⅐-⅞↉"
_PARTED = re.compile("\u00ad[ \\t]*\\r?\\n[ \\t]*")  # a word that a soft hyphen parts at a line's end
_JOINER = re.compile(
    # Kept between letters that join (Arabic, Syriac, Mongolian), after a mark of an Indic script, and within emoji.
    "(?<![\u0600-\u07bf\u0860-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc"
    "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]+|[\u200c\u200d]+(?!\\w|[\u2190-\u2bff\U0001f000-\U0001faff])"
)
_SPECIAL = re.compile(
    f"(?P<unseen>[{_UNSEEN}]+)|(?P<said>[{''.join(map(re.escape, _SAID))}])"
    f"|(?<=\\d)(?P<raised>[{_RAISED}]+)|(?<=\\d)(?P<fraction>[{_FRACTIONS}])"
)
_SHAPES = re.compile(
    "[\u2f00-\u2fd5\uf900-\ufaff\ufb00-\ufb4f\ufb50-\ufbb1\ufbd3-\ufd3d\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+"
)
_HIDDEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]+")
_COMPOSED = (("\u2044", "/"), ("\u0e4d\u0e32", "\u0e33"), ("\u0ecd\u0eb2", "\u0eb3"))  # what NFKC takes apart
_MICRO = re.compile("\u03bc(?=[A-Za-z])")  # of a unit: keyboards have the sign, and encoders know it
_JOINED = "\u200c\u200d\u0e32\u0eb2"  # no marks, but one with the letter before
_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]")


def plain(text: str) -> str:
    """Return the text's form for comparing; ASCII is its own. Applied twice it changes nothing more.

    Case, punctuation and the width of blanks stay as they are.
    """
    if text.isascii():
        return text
    if "\u00ad" in text:
        text = _PARTED.sub("", text)
    text = _SPECIAL.sub(_written, text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    if not unicodedata.is_normalized("NFKC", text):
        # What stood for a blank or a full-width sign may be one of the signs above only now.
        text = unicodedata.normalize("NFC", _SPECIAL.sub(_written, unicodedata.normalize("NFKC", text)))
    for apart, composed in _COMPOSED:
        text = text.replace(apart, composed)
    if "\u03bc" in text:
        text = _MICRO.sub("\u00b5", text)
    return text


def readable(text: str) -> str:
    """Return the text as one would type it by hand, for a quote: its letters plain, its signs as they are.

    Ligatures and other shapes of letters become the letters, and what is not seen is left out.
    """
    if text.isascii():
        return text
    if "\u00ad" in text:
        text = _PARTED.sub("", text)
    text = _SHAPES.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    return unicodedata.normalize("NFC", _HIDDEN.sub("", text))


class Aligned:
    """A text's plain form, and where each of its characters stands in the text itself."""

    def __init__(self, text: str) -> None:
        self.plain = plain(text)
        self._starts: list[int] | None = None  # of each piece, in the plain form; None: the form is the text
        if self.plain == text:
            return
        self._starts, self._places, pieces = [], [], []
        length = 0
        for start, end in _clusters(text):
            piece = plain(text[start:end])
            # A piece alone may lack what stood before it: the sign of a power, a fraction's blank.
            if start and text[start - 1].isdigit():
                piece = plain(text[start - 1 : end])[1:]
            self._starts.append(length)
            self._places.append((start, end))
            pieces.append(piece)
            length += len(piece)
        self.plain = "".join(pieces)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a non-empty stretch of the plain form stands in the text: what is half in it is in it."""
        if self._starts is None:
            return start, end
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        return self._places[first][0], self._places[last][1]


def _written(found: re.Match[str]) -> str:
    kind, piece = found.lastgroup, found.group()
    if kind == "unseen":
        return ""
    if kind == "said":
        return _SAID[piece]
    written = unicodedata.normalize("NFKC", piece).replace("\u2044", "/").replace("\u2212", "-")
    return f"^{written}" if kind == "raised" else f" {written}"


def _clusters(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each letter with the marks on it."""
    parted = {at for found in _PARTED.finditer(text) for at in range(found.start() + 1, found.end())}
    bounds: list[int] = []
    for at, char in enumerate(text):
        sits = at in parted or (
            not char.isascii()
            and (unicodedata.category(char)[0] == "M" or char in _JOINED or _JAMO.match(char))
        )
        if not at or not sits:
            bounds.append(at)
    return list(zip(bounds, [*bounds[1:], len(text)], strict=True))
