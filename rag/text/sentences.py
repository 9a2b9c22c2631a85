"""Text of any script -> its sentences, and where each of them stands.

No language is asked for: a text may hold several, and passages are short. What ends a sentence is told by its mark and
by what follows: a small letter goes on, whatever the language. Abbreviations of a few languages are known.
"""

import re
from collections.abc import Iterator

# Words that a full stop shortens and that hardly ever end a sentence.
_SHORTENED = """
etc vs cf al approx nos fig figs eq dr mr mrs ms prof st jr sr inc ltd co dept incl excl est
bzw ca evtl ggf inkl exkl vgl sog bspw hr fr ing mio mrd tsd zzgl hrsg mme mlle sra srta dra ud uds avda av ej
sig dott avv dhr mevr bijv
см ул просп пер корп тыс млн млрд им св проф акад гр ср напр обл тов
"""
# Words that are shortened where a number follows, and otherwise are words, or end a sentence.
_COUNTING = """
no nr núm num p pp pg pág vol ch chap sec art abs rm tel ext bd kap max min str
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
    r"|(?<=\n)(?:\s*\n|(?=\s*(?:[-*•>]|#{1,6}|\d+[.)])\s))"
    # Marks that need no blank after them: Chinese, Japanese, Indic, Ethiopic, Burmese, Khmer.
    r"|(?<=[。！？｡।॥።፧፨။។៕])(?![\"'”’)\]」』）》！？。…।॥]))"
)
# Thai and Lao write blanks between sentences alone; short phrases stay together.
_BLANK = re.compile(rf"(?<=[{_THAI}]{{10}}) +(?=[{_THAI}]{{10}})")
_UNMARKED = re.compile(rf"[{_THAI}]")
_ELIDED = re.compile("['’]")
_HEADING = re.compile(r"#{1,6}[ \t][^\n]*\n")
_NEAR = 16  # characters: abbreviations are short, and looking at the end alone keeps long sentences cheap


def spans(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence, in characters of the text, without the whitespace around it.

    Abbreviations ("e.g.", "z. B.", "т. е.", "Fig. 3", "J. Smith") end none, nor do numbers of a list; blank lines, list
    items and the line of a Markdown heading do.
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
    for end in _END.finditer(text):
        if (following := end["next"]) and not _ends_here(text, begin, end, following):
            continue
        # Closing quotes and brackets belong to the sentence they follow.
        yield max(end.start() + 1, end.end("closing")), end.end()
        begin = end.end()
    yield len(text), len(text)


def _ends_here(text: str, begin: int, end: "re.Match[str]", following: str) -> bool:
    """Tell whether a sentence ends at a mark with a blank after it."""
    if following.islower():
        return False
    at = end.start()
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
