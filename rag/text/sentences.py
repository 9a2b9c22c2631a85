"""Text -> its sentences, and where each of them stands."""

import re

_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|approx|no|nos|fig|figs|eq|dr|mr|mrs|ms|prof|st|jr|sr|inc|ltd|co|dept)"
    r"|\b[A-Za-z])\.$",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?<=[.!?…])(?P<closing>[\"'”’)\]]*)\s+(?=[\"'“‘(\[]*[A-Z0-9À-ÖØ-Þ])|\n\s*\n|\n(?=\s*(?:[-*•#>]|\d+[.)])\s)"
    r"|(?<=[。！？])(?![\"'”’)\]」』])"
)


def spans(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence, in characters of the text, without the whitespace around it.

    Abbreviations ("e.g.", "Fig. 3", "J. Smith") end none; blank lines and list items do.
    """
    found: list[tuple[int, int]] = []
    open_ended = False
    start = 0
    for end in [*_END.finditer(text), None]:
        # Closing quotes and brackets belong to the sentence they follow.
        until = len(text) if end is None else max(end.start(), end.end("closing"))
        stripped = _stripped(text, start, until)
        start = end.end() if end else len(text)
        if stripped is None:
            continue
        if open_ended and found:
            found[-1] = (found[-1][0], stripped[1])
        else:
            found.append(stripped)
        # The break may have come after an abbreviation: then the next piece still belongs to this one.
        open_ended = bool(
            end and not end.group().startswith("\n") and _ABBREVIATION.search(text, *_tail(found[-1]))
        )
    return found


def sentences(text: str) -> list[str]:
    """Split text into sentences; whitespace inside them becomes single blanks."""
    return [" ".join(text[start:end].split()) for start, end in spans(text)]


def _stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _tail(span: tuple[int, int]) -> tuple[int, int]:
    # Abbreviations are short: looking at the end alone keeps long sentences cheap.
    return max(span[0], span[1] - 16), span[1]
