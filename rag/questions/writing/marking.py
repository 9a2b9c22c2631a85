"""Citation marks, in whatever form language models write them -> one form, [n].

A mark that names none of the passages given is never shown. What only looks like a mark stays as it is: what stands so
in a passage, code, an array's index, a list's number.
"""

import re
from collections.abc import Iterable, Sequence

from rag.questions.writing.marks import Given, is_index
from rag.questions.writing.numbers import found

_LABEL = (
    r"(?:(?:passages?|sources?|documents?|docs?|references?|refs?|citations?|excerpts?|extracts?|footnotes?"
    r"|context"
    r"|passagen?|quellen?|dokumente?|abschnitte?|textstellen?|extraits?|pasajes?|fuentes?|documentos?|fonti?e?"
    r"|документы?|источники?|отрыв(?:ок|ки)|пассаж(?:и)?|段落|来源|文档|出典)\.?\s*)?"
    r"(?:(?:numbers?|nummer|nos?\.?|nr\.?|#|№|n[°º]|id)\s*)?[:=]?\s*"
)
_ITEM = rf"{_LABEL}\^?[\"']?\d{{1,3}}[\"']?"
_AND = r"(?:\s*[,;&]\s*(?:and\s+|und\s+)?|\s+(?:and|und|et|y|e|и|or|sowie)\s+|\s*[和与と、，]\s*|\s+)"
_TO = r"\s*(?:[-\u2010-\u2015]|\bto\b|\bbis\b|\.\.)\s*"
_CONTENT = re.compile(
    rf"\s*(?:(?:see|cf\.?|siehe|vgl\.?|voir)\s+)?{_ITEM}(?:(?:{_TO}"
    rf"|{_AND}){_ITEM}){{0,20}}\s*(?:†[^\]】\n]{{0,60}})?",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?P<to>[-\u2010-\u2015]\s*|\bto\s+|\bbis\s+|\.\.\s*)?(?P<n>\d{1,3})(?!\d)", re.IGNORECASE
)
_PAIRS = {"[": "]", "(": ")", "【": "】", "〔": "〕", "〖": "〗", "［": "］", "（": "）"}
_ROUND = "(（"
_LONGEST = 90
"""Characters of a mark; what is longer is none."""
_SPELT = """
passages passagen sources source documents dokumente docs references refs citations excerpts extracts
footnotes context quellen abschnitte textstellen extraits pasajes fuentes documentos fonti numbers nummer
nos nr id see siehe vgl cf voir and und et y e or sowie to bis
"""
_WORDS = tuple(_SPELT.split())
"""What may stand in a mark beside its numbers."""
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED_MARK = re.compile(
    rf"[{_RAISED}]+(?:[,ʼ˒ ⁻˙·]*[{_RAISED}]+)*|<sup>\s*\[?(?P<html>[\d,;\s–-]{{1,20}})\]?\s*</sup>"
)
_NEXT = re.compile(rf"[`~\[(【〔〖［（<{_RAISED}]")
_FENCE = re.compile(r"(?:`{3,}|~{3,})")
_LINK = re.compile(r"\((?:https?:|mailto:|/|#|\.)[^()\s]{0,300}\)|\(\)")
_SPAN = re.compile(r"\s*[-\u2010-\u2015]\s*\[(\d{1,3})\]")
_SPAN_BEGUN = re.compile(r"\s*(?:[-\u2010-\u2015]\s*(?:\[\d{0,3})?)?|\((?:h|/|#|\.|m)?[^()\s]{0,300}")
_CLOSES = re.compile(
    r"\s*(?:[.,;:!?…。，；！？]|$|\n|\(\d|\[|（)|\s+(?:and|but|while|whereas|und|aber|et|mais|y|pero)\b"
)
_ENUMERATES = re.compile(r"(?:[:,;(：，；（]|\b(?:and|or|und|oder|et|ou|y|o))\s*$", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b(?:figures?|fig\.?|tables?|steps?|sections?|parts?|options?|articles?|rules?|items?|eqs?\.?|equations?"
    r"|chapters?|notes?|types?|levels?|phases?|grades?|class|stages?|groups?|paragraphs?)\s*$",
    re.IGNORECASE,
)
_UNDECIDED = re.compile(r"\s+\w{0,7}")
_CITED_WORD = re.compile(r"(?:[^\W\d_]{3,}|[.,;:!?)”\"»。」\]])$")


class Marking:
    """Rewrites the marks of an answer that comes piece by piece."""

    def __init__(self, given: Given) -> None:
        """Take what may be cited."""
        self._given = given
        self._pending = ""  # not decided yet
        self._blank = ""  # held, as it goes with a mark that is left out
        self._line = ""  # what was written of this line
        self._fence = ""  # of the block of code that is open
        self._square = False  # marks in square brackets were read
        self.cited = False  # a passage was cited

    def feed(self, piece: str) -> str:
        """Return what may be shown by now; the end that may become a mark is held back."""
        self._pending += piece
        return self._advance(final=False)

    def rest(self) -> str:
        """Return what was held back, once the answer has ended."""
        return self._advance(final=True)

    def _advance(self, *, final: bool) -> str:
        out: list[str] = []
        while self._pending:
            if not (self._code(out, final=final) if self._fence else self._prose(out, final=final)):
                break
        if final:
            self._put(out, self._pending)
            self._pending = self._blank = ""
        return "".join(out)

    def _put(self, out: list[str], text: str) -> None:
        """Write text; blanks at its end wait for what follows."""
        if not text:
            return
        text = self._blank + text
        kept = text.rstrip()
        self._blank = text[len(kept) :]
        out.append(kept)
        self._line = f"{self._line}{kept}"[-400:].rsplit("\n", 1)[-1]

    def _take(self, out: list[str], size: int) -> None:
        self._put(out, self._pending[:size])
        self._pending = self._pending[size:]

    @property
    def _before(self) -> str:
        """What stands on the line before what comes now."""
        return f"{self._line}{self._blank}".rsplit("\n", 1)[-1]

    def _code(self, out: list[str], *, final: bool) -> bool:
        """Write a block of code, line by line; tell whether there may be more to write."""
        line, newline, _ = self._pending.partition("\n")
        if not newline and not final and not line.strip(" \t`~"):
            return False
        closing = line.strip(" \t")
        if newline or final:
            if closing.startswith(self._fence) and not closing.strip("`~") and not self._before.strip():
                self._fence = ""
            self._take(out, len(line) + len(newline))
            return bool(newline)
        self._take(out, len(line))
        return False

    def _prose(self, out: list[str], *, final: bool) -> bool:
        sign = _NEXT.search(self._pending)
        if sign is None:
            self._take(out, len(self._pending))
            return False
        self._take(out, sign.start())
        opening = self._pending[0]
        if opening in "`~":
            return self._backticks(out, final=final)
        if opening == "<" or opening in _RAISED:
            return self._raised(out, final=final)
        return self._bracket(out, final=final)

    def _backticks(self, out: list[str], *, final: bool) -> bool:
        run = re.match(r"`+|~+", self._pending)
        size = run.end() if run else 1
        if size == len(self._pending) and not final:
            return False
        fence = _FENCE.match(self._pending)
        if fence and not self._before.strip():
            self._fence = fence[0][:3]
            self._take(out, self._pending.find("\n") + 1 or len(self._pending))
            return True
        if self._pending[0] == "`":
            line = self._pending.split("\n", 1)[0]
            close = re.search(rf"(?<!`)`{{{size}}}(?!`)", line[size:])
            if close:
                size += close.end()
            elif not final and len(line) == len(self._pending) and len(line) < 200:
                return False
        self._take(out, size)
        return True

    def _raised(self, out: list[str], *, final: bool) -> bool:
        mark = _RAISED_MARK.match(self._pending)
        if not final and (
            (mark and mark.end() == len(self._pending))
            or (
                (
                    self._pending[0] == "<"
                    and ">" not in self._pending[5:]
                    and "<sup>".startswith(self._pending[:5])
                )
                and len(self._pending) < 40
            )
        ):
            return False
        if mark is None:
            self._take(out, 1)
            return True
        before = self._before
        if mark["html"]:
            numbers = _numbers(mark["html"])
        else:
            numbers = []
            for run in re.findall(f"[{_RAISED}]+", mark[0]):
                digits = "".join(str(_RAISED.index(each)) for each in run)
                whole = int(digits) in self._given.numbers
                numbers += [int(digits)] if whole else list(map(int, digits))
        word = before.rstrip() if mark["html"] else before
        cites = _CITED_WORD.search(word) is not None and not self._given.has(before, mark[0])
        if not cites:
            self._take(out, mark.end())
            return True
        self._pending = self._pending[mark.end() :]
        self._cite(out, numbers)
        return True

    def _bracket(self, out: list[str], *, final: bool) -> bool:
        text = self._pending
        opening = 2 if text.startswith("[[") else 1
        close = _PAIRS[text[0]]
        end = text.find(close, opening, _LONGEST)
        if end < 0 or "\n" in text[:end]:
            if not final and len(text) < _LONGEST and _may_become_mark(text[opening:] if text != "[" else ""):
                return False
            self._take(out, 1)
            return True
        content = text[opening:end]
        end += opening if text[end : end + opening] == close * opening else 1
        if not _CONTENT.fullmatch(content) or re.search(r"\d[.:]\d", content):
            self._take(out, 1)
            return True
        after = text[end:]
        begun = _SPAN_BEGUN if text[0] == "[" else _UNDECIDED if text[0] in _ROUND else None
        if not final and (not after or (begun and begun.fullmatch(after))):
            return False
        numbers = _numbers(content)
        if text[0] == "[" and (span := _SPAN.match(after)):
            numbers = _numbers(f"{content}-{span[1]}")
            end += span.end()
        elif text[0] == "[" and (link := _LINK.match(after)):
            end += link.end()
        if not self._is_mark(text[:end], content, numbers, text[end:]):
            self._take(out, end)
            return True
        self._square |= text[0] not in _ROUND
        self._pending = text[end:]
        if not self._before.strip(" \t>*-") and not self._given.numbers & set(numbers) and len(numbers) == 1:
            self._put(out, f"{numbers[0]}.")  # a list, numbered in brackets
            return True
        self._cite(out, numbers, joined=text[0] == "[")
        return True

    def _is_mark(self, mark: str, content: str, numbers: Sequence[int], after: str) -> bool:
        before = self._before
        if self._given.has(before, mark):
            return False
        if re.search(r"[^\W\d_]|[†^#№]", content):
            return True  # it says what it is
        if 0 in numbers:
            return False
        if mark[0] in _ROUND:
            return (
                not self._square
                and self._given.numbers.issuperset(numbers)
                and bool(before.strip(" \t>*-"))
                and (before[-1:].isspace() or re.search(r"[^\W\d_]{3}$|[.!?。]$", before) is not None)
                and not _ENUMERATES.search(before)
                and not _COUNTED.search(before)
                and not (len(numbers) == 1 and str(numbers[0]) in found(before.rsplit(None, 1)[-1]))
                and _CLOSES.match(after) is not None
            )
        return not is_index(before)

    def _cite(self, out: list[str], numbers: Iterable[int], *, joined: bool = False) -> None:
        """Write the numbers that name a passage; leave the mark out, and the blank before it, where none does."""
        named = [number for number in dict.fromkeys(numbers) if number in self._given.numbers]
        if not named:
            if "\n" not in self._blank:
                self._blank = ""
            return
        self.cited = True
        apart = "" if joined or not self._line or self._blank or self._line.endswith("]") else " "
        self._put(out, apart + "".join(f"[{number}]" for number in named))


def _numbers(content: str) -> list[int]:
    """Return the numbers of a mark, ranges written out."""
    named: list[int] = []
    for number in _NUMBER.finditer(content.split("†")[0]):
        n = int(number["n"])
        if number["to"] and named and named[-1] < n <= named[-1] + 50:
            named += range(named[-1] + 1, n)
        named.append(n)
    return named


def _may_become_mark(text: str) -> bool:
    """Tell whether what follows an opening bracket may be the beginning of a mark."""
    if "†" in text:
        return text[0].isdigit()
    *whole, last = re.findall(r"[^\W\d_]+", text) or [""]
    if text and not text[-1].isalpha():
        whole, last = [*whole, last], ""
    if re.search(r"[^\w\s,;&#№.:=\"'^°º\u2010-\u2015-]|\d{4}|_", text):
        return False
    lower = last.casefold()
    known = all(_CONTENT.fullmatch(f"{each} 1") or each.casefold() in _WORDS for each in whole if each)
    return known and (not lower or any(word.startswith(lower) for word in _WORDS) or not last.isascii())
