"""An answer -> the sentences in it that state something, each with the passages that it cites."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.questions.writing.refusing import is_courtesy, says_nothing
from rag.text.overlap import content
from rag.text.quotes import quotes

_MOST = 60
"""Sentences of an answer that are checked."""
_MOST_MARKS = 400
_FENCED = re.compile(r"(?ms)^[ \t]*(?P<fence>`{3,}|~{3,}).*?(?:^[ \t]*(?P=fence)[`~]*[ \t]*$|\Z)")
_NUMBER = re.compile(r"\A\s*(?:[-*•>]\s*)*(?:\(?\d{1,3}[.)]\s+)?")
_HEADING = re.compile(r"[ \t]*(?:#{1,6}[ \t].*|(?:\d{1,3}[.)]\s*)?(\*\*|__)(?:(?!\1).)+\1[ \t]*:?[ \t]*)")
_AROUND = " \t\n*_\"'”’“‘»«)("
_FEWEST = 2
"""Words with a topic that a sentence has at least that cites nothing; a shorter one states nothing by itself."""

Marked = tuple[int, int, tuple[int, ...]]
"""Start and end of a mark, in characters of the answer, and its numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A sentence of an answer."""

    start: int  # in characters of the answer
    end: int
    text: str  # without its marks
    cites: frozenset[int]  # numbers of passages
    near: frozenset[int]  # what its paragraph cites


def statements(answer: str, marked: Sequence[Marked]) -> list[Statement]:
    """Return the answer's sentences that state something, in its order.

    Questions, headings, code, what leads to a list, courtesies, and what says that the documents do not say, state
    nothing. A mark belongs to the sentence that it stands in, or behind.
    """
    marked = marked[:_MOST_MARKS]
    code = [found.span() for found in _FENCED.finditer(answer)]
    pieces = [
        (each.start, each.end)
        for each in quotes(answer)
        if not any(start <= each.start < end for start, end in code)
    ][: 2 * _MOST]
    cites: list[set[int]] = [set() for _ in pieces]
    for start, _, numbers in marked:
        at = _owner(answer, pieces, marked, start)
        if at is not None:
            cites[at].update(numbers)
    paragraphs = [answer.count("\n\n", 0, start) for start, _ in pieces]
    found = []
    for (start, end), cited, paragraph in zip(pieces, cites, paragraphs, strict=True):
        start, text = _text(answer, marked, start, end)
        if not _states(answer, start, text, cited=bool(cited)):
            continue
        near = frozenset().union(
            *(each for each, at in zip(cites, paragraphs, strict=True) if at == paragraph)
        )
        found.append(Statement(start=start, end=end, text=text, cites=frozenset(cited), near=near))
    return found[:_MOST]


def _owner(
    answer: str, pieces: Sequence[tuple[int, int]], marked: Sequence[Marked], start: int
) -> int | None:
    """Return which piece a mark belongs to: the one before it where it stands first on its own one, on that line."""
    at = next((i for i in range(len(pieces) - 1, -1, -1) if pieces[i][0] <= start), None)
    if at is None:
        return 0 if pieces else None
    _, text = _text(answer, marked, pieces[at][0], start)
    alone = not any(map(str.isalnum, _NUMBER.sub("", text)))
    beside = at > 0 and "\n" not in answer[pieces[at - 1][1] : pieces[at][0]]
    return at - 1 if alone and beside else at


def _text(answer: str, marked: Sequence[Marked], start: int, end: int) -> tuple[int, str]:
    """Return a piece without its marks, and where it begins without those before its first word."""
    parts, at, begun = [], start, False
    for begin, stop, _ in marked:
        if start <= begin < end:
            part = answer[at:begin].rstrip()
            begun = begun or bool(part.strip())
            parts.append(part if begun else "")
            at = stop
            if not begun:
                start = stop
    parts.append(answer[at:end])
    while start < end and answer[start].isspace():
        start += 1
    return start, " ".join("".join(parts).split())


def _states(answer: str, start: int, text: str, *, cited: bool) -> bool:
    words = _NUMBER.sub("", text).strip(_AROUND)
    if not any(map(str.isalpha, words)) or says_nothing(text) or (not cited and is_courtesy(words)):
        return False
    if words.endswith(("?", "？", "؟")):
        return False
    line_start = answer.rfind("\n", 0, start) + 1
    line_end = answer.find("\n", start)
    line = answer[line_start : line_end if line_end >= 0 else len(answer)]
    if _HEADING.fullmatch(line) and not cited:
        return False
    if cited:
        return True
    return not words.endswith((":", "：")) and len(content(words)) >= _FEWEST
