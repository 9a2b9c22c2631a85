"""Text of any script -> its sentences, and where each of them stands.

No language is asked for: a text may hold several, and passages are short. What ends a sentence is told by its mark and
by what follows: a small letter goes on, whatever the language, but where the text begins its sentences with small ones.
Abbreviations of some languages are known. A line ends a sentence where it ends before it had to, as in a chat.
"""

import re
from collections.abc import Iterator

# Words that a full stop shortens and that hardly ever end a sentence.
_SHORTENED = """
etc vs cf al approx aprox nos fig figs eq dr mr mrs ms prof st jr sr inc ltd co dept incl excl est
bzw ca evtl ggf inkl exkl vgl sog bspw hr fr ing mio mrd tsd zzgl hrsg mme mlle sra srta dra ud uds avda av ej
sig dott avv dhr mevr bijv blz resp dvs kl obr zob tzn tzw ee
ul al
см ул просп пер корп тыс млн млрд им св проф акад гр ср напр обл тов
βλ σελ αρ κα डॉ श्री रु
"""
# Words that are shortened where a number follows, and otherwise are words, or end a sentence.
_COUNTING = """
no nr núm num p pp pg pág vol ch chap sec art abs rm tel ext bd kap max min str pag ust pkt ok ca cca tj
стр рис табл гл разд п тел кв д с
"""
_SHORT_WORDS, _SHORT_BEFORE_NUMBERS = frozenset(_SHORTENED.split()), frozenset(_COUNTING.split())
_STREETS = ("str", "straße")
# Ends of lists and hours: a capital letter after them begins a sentence.
_LAST = ("a.m", "p.m", "т.д", "т.п", "т. д", "т. п")
_MONTH = re.compile(
    r"(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Quartal"
    r"|Jahrhundert|Stock|Etage|Klasse|Auflage|Absatz)\b"
)

PARAGRAPH = re.compile(r"\n[ \t]*\n")
"""A blank line: it ends whatever stands before it."""

_CLOSING = "\"'”’“)\\]»›*_"
_OPENING = "\"'“‘„«‹([¿¡*_–—"
_THAI = "\u0e01-\u0e4e\u0e81-\u0ece"
# All begin with one set of characters, which is what makes the search fast.
_END = re.compile(
    r"[.!?…؟۔։;\u037e\n。！？｡।॥።፧፨။។៕](?:"
    # A mark, closing quotes and brackets, a blank, and what may begin a sentence.
    rf"(?<=[.!?…؟۔։])(?P<closing>[{_CLOSING}]*(?:[ \u00a0\u202f][»›])?)\s+"
    rf"(?=[{re.escape(_OPENING)}]*[ \u00a0\u202f]?(?P<next>\w))"
    # The Greek question mark looks like a semicolon; a sentence follows it in Greek capitals.
    r"|(?<=[\u0370-\u03ff\u1f00-\u1fff];)\s+(?=[«\"]?[\u0386-\u03ab])|(?<=\u037e)\s+"
    # A blank line, a list item, a heading's line.
    r"|(?<=\n)(?:\s*\n|(?=\s*(?:[-*•>]|#{1,6}|\d+[.)])\s)|(?P<line>[ \t]*(?=\S)))"
    # Marks that need no blank after them: Chinese, Japanese, Indic, Ethiopic, Burmese, Khmer.
    r"|(?<=[。！？｡।॥።፧፨။។៕])(?![\"'”’)\]」』）》！？。…।॥]))"
)
# Thai and Lao write blanks between sentences alone; short phrases stay together.
_BLANK = re.compile(rf"(?<=[{_THAI}]{{10}}) +(?=[{_THAI}]{{10}})")
_UNMARKED = re.compile(rf"[{_THAI}]")
_ELIDED = re.compile("['’]")
_HEADING = re.compile(r"#{1,6}[ \t][^\n]*\n")
# What may be a sentence's first letter: of the text, and after a mark.
_FIRST = re.compile(r"\s*(?:[^\w\s]\s?)*(?P<next>[^\W\d_])")
_AFTER = re.compile(rf"(?<=[^\W\d_][^\W\d_])[.!?](?![.!?])[{_CLOSING}]*\s+(?P<next>[^\W\d_])")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_SAMPLE = 20_000  # characters that show how a text is written
_BLANK_LINE = "\n\n"
_WORD = re.compile(r"\S+")
_UNENDED = ",-–—(/&"
_NARROW = 32  # characters; lines are not wrapped at less
_RAGGED = 0.85  # share of the width that a line and the next word take where letters differ in width
_TURN = re.compile(r"\[?\d{1,2}[:.]\d\d\b|[QAFRВО][.:] ")  # of a conversation
_NEAR = 16  # characters: abbreviations are short, and looking at the end alone keeps long sentences cheap


def spans(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence, in characters of the text, without the whitespace around it.

    Abbreviations ("e.g.", "z. B.", "т. е.", "Fig. 3", "J. Smith") end none, nor do numbers of a list; blank lines, list
    items, the line of a Markdown heading and lines that were not wrapped do.
    """
    found: list[tuple[int, int]] = []
    headings, phrases = "#" in text, not text.isascii() and _UNMARKED.search(text) is not None
    start = 0
    for end, following in _ends(text):
        while (piece := _stripped(text, start, end)) is not None:
            start = end
            if headings and (heading := _HEADING.match(text, *piece)):
                piece, start = (piece[0], heading.end() - 1), heading.end()
            if phrases:
                found += _phrases(text, *piece)
            else:
                found.append(piece)
        start = following
    return found


def sentences(text: str) -> list[str]:
    """Split text into sentences; whitespace inside them becomes single blanks."""
    return [" ".join(text[start:end].split()) for start, end in spans(text)]


def _ends(text: str) -> Iterator[tuple[int, int]]:
    """Yield where sentences end, and where what follows begins."""
    begin = 0  # of the sentence
    small, lines = _begins_small(text), _Lines(text)
    for end in _END.finditer(text):
        if (following := end["next"]) and not (
            PARAGRAPH.search(text, *end.span()) or _ends_here(text, begin, end, following, small)
        ):
            continue
        if end["line"] is not None and not lines.ends(end.start(), end.end(), small):
            continue
        # Closing quotes and brackets belong to the sentence they follow.
        yield max(end.start() + 1, end.end("closing")), end.end()
        begin = end.end()
    yield len(text), len(text)


def _begins_small(text: str) -> bool:
    """Tell whether most sentences of the text begin with a small letter, as people write in chats."""
    first = _FIRST.match(text)
    letters = [first["next"]] if first else []
    for found in _AFTER.finditer(text, 0, _SAMPLE):
        at = found.start()
        word = _LAST_WORD.search(text, max(0, at - _NEAR), at)
        if word and word[0].casefold() not in _SHORT_WORDS:
            letters.append(found["next"])
    small = sum(map(str.islower, letters))
    return small > 1 and 2 * small > len(letters)


class _Lines:
    """The lines of a text, paragraph by paragraph, each looked at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._until = -1  # end of the paragraph looked at
        self._width = 0  # of its longest line, in characters

    def ends(self, at: int, following: int, small: bool) -> bool:
        """Tell whether the line that ends at `at` was ended on purpose: the next one's first word had room in it."""
        text = self._text
        if _TURN.match(text, following):
            return True
        if text.startswith(": ", following):  # a term and its definition
            return False
        if text[following].islower() and not small:
            return False
        start = text.rfind("\n", 0, at) + 1
        if text[start:at].rstrip()[-1:] in _UNENDED:
            return False
        if at >= self._until:
            end = text.find(_BLANK_LINE, at)
            self._until = len(text) if end < 0 else end
            lines = text[start : self._until].split("\n")
            self._width = max(_NARROW, *map(len, lines)) if len(lines) > 1 else _NARROW
        word = _WORD.match(text, following)
        return at - start + 1 + (len(word[0]) if word else 0) <= _RAGGED * self._width


def _ends_here(text: str, begin: int, end: "re.Match[str]", following: str, small: bool) -> bool:
    """Tell whether a sentence ends at a mark with a blank after it."""
    at = end.start()
    if following.islower():
        twice = at > begin and text[at - 1] in "!?" and text[at] in "!?"
        if not (small or twice) or (at > begin and text[at - 1] == text[at] == "."):
            return False
    if text[at] != ".":
        return True
    words = text[max(begin, at - _NEAR) : at].split()
    if not words:
        return True
    last = _ELIDED.split(words[-1].lstrip(_OPENING))[-1]
    if not last:
        return True
    if last.isdecimal():
        first = len(words) == 1 and at - _NEAR <= begin  # a list's number
        return len(last) > 2 + first or not (first or _MONTH.match(text, end.start("next")))
    last = last.casefold()
    if last in _SHORT_WORDS:
        return False
    if len(last) == 1 or last[1::2].strip(".") == "":
        if last.endswith(_LAST) or " ".join(words).casefold().endswith(_LAST):
            return following.isupper()
        if last == "г" and len(words) > 1 and words[-2].isdecimal():
            return following.isupper()  # the year of a Russian date
        return not last[0].isalpha()
    return not (following.isdecimal() and (last in _SHORT_BEFORE_NUMBERS or last.endswith(_STREETS)))


def _phrases(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for blank in _BLANK.finditer(text, start, end):
        yield start, blank.start()
        start = blank.end()
    yield start, end


def _stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None
