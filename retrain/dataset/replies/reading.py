"""A language model's reply -> the questions in it, whatever stands around them.

What was asked for is JSON with a list of questions. Models put it in fences, after a greeting, twice; they write a
numbered list instead, think aloud first, refuse, repeat the prompt, or are cut off. What can be put right is; what
cannot is left out and counted by its fault.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.text.thoughts import without_thoughts
from rag.text.wording import normal, words
from retrain.dataset.replies.courtesies import answers, greets, labels, refuses
from retrain.dataset.replies.faults import Fault, Repair
from retrain.dataset.replies.json_lists import listed
from retrain.dataset.wording import one_line

LONGEST_QUESTION = 300
"""Characters; what is longer is no question."""
_LONGEST_REPLY = 50_000
"""Characters of a reply that are read."""
_REPEATED_WORDS = 5
"""A line of so many words that stands in the instructions repeats them."""
_REPEATED_CHARS = 60
"""A reply that begins with so many characters of the prompt repeats it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one reply came to."""

    texts: tuple[str, ...]
    dropped: Mapping[str, int] = field(
        default_factory=dict
    )  # fault -> how many; a reply without any counts once
    repaired: frozenset[str] = frozenset()


def read(
    content: str | None,
    *,
    told: Sequence[str] = (),
    known: str = "",
    refused: bool = False,
    cut: bool = False,
    thought: bool = False,
) -> Reading:
    """Return the questions of a reply, each on one line and once, without list markers and signs around them.

    Args:
        content: what the model wrote.
        told: the prompt's messages.
        known: a question that is no other wording of itself.
        refused: the endpoint said that the model refused.
        cut: the endpoint said that the limit of tokens was reached.
        thought: the model thought, in a field of the reply that is not read.
    """
    whole = (content or "")[:_LONGEST_REPLY]
    spoken = without_thoughts(whole)
    lines = _Lines(told=told, known=known)
    if len(spoken) < len(whole.strip()):
        lines.repaired.add(Repair.THOUGHTS)
    text = lines.without_prompt(spoken)
    found = listed(text)
    if found.fenced:
        lines.repaired.add(Repair.FENCE)
    if found.items is not None:
        if found.around:
            lines.repaired.add(Repair.WORDS_AROUND)
        if found.prompt:
            lines.dropped[Fault.PROMPT] += 1
        lines.take([line for item in found.items for line in item.splitlines()])
        if not lines.texts and not lines.dropped and not set(words(found.text)) - {"questions"}:
            lines.dropped[Fault.EMPTY] = 1
        if found.broken:
            lines.dropped[Fault.CUT] += 1
    else:
        lines.take(found.text.splitlines(), cut=cut)
    if not lines.texts and not lines.dropped:
        lines.dropped[
            _fault(text, refused=refused, cut=cut, thought=thought or Repair.THOUGHTS in lines.repaired)
        ] = 1
    if not lines.texts:
        lines.repaired.clear()
    return Reading(texts=tuple(lines.texts), dropped=dict(lines.dropped), repaired=frozenset(lines.repaired))


def _fault(text: str, *, refused: bool, cut: bool, thought: bool) -> Fault:
    """Return why there is nothing in a reply."""
    if refused:
        return Fault.REFUSED
    if text.strip():
        return Fault.CUT if cut else Fault.UNREADABLE
    if cut:
        return Fault.THINKING if thought else Fault.CUT
    return Fault.EMPTY


_MARKER = re.compile(
    r"[>|]\s*|[-*•‣▪◦·–—+→➤►▶✓✔]\s+|\(?\d{1,2}[.):、．]\)?\s+|\(?\d{1,2}[.)、．](?=[^\s\d])|\[\d{1,2}\]\s*|[a-h]\)\s+|"
    r"(?-i:[IVX]{1,4})[.)]\s+(?=\w{2})|#{1,6}\s+|\d\ufe0f?\u20e3\s*|[①-⑳]\s*|"
    r"\*\*[^*?]{1,40}(?::\*\*|\*\*\s*:)\s*|"
    r"(?:Q|Question|(?:Search )?Query|Wording|Version|Option|Paraphrase|Rewording|Frage|Pregunta|Вопрос|问题|質問|问)"
    r"\s*\d{0,2}\s*[:.)：、]\s*|"
    r"(?:natural|keywords?|situation(?:al)?|first|second|third|assistant|output|original|rephrased|reworded)\s*\d?:\s*",
    re.IGNORECASE,
)
_STYLE = re.compile(
    r"\s*\((?:natural|keywords?|situation(?:al)?|formal|informal|question|short|long|reworded)[^)]{0,20}\)\s*$",
    re.I,
)
_TAG = re.compile(
    r"</?(?:questions?|quer(?:y|ies)|wordings?|items?|li|ol|ul|output|results?|q)(?:_?\d+)?>", re.IGNORECASE
)
_NUMBERS = r"\d{1,3}(?:\s?[-–,;]\s?\d{1,3})*"
_CITED = re.compile(
    rf"(?:\s*(?:\[\^?(?:passage |source )?{_NUMBERS}\]|【{_NUMBERS}[^】]{{0,12}}】|"
    rf"(?<=[?？.])\s*\({_NUMBERS}\)))+\s*$",
    re.IGNORECASE,
)
_WRAPPED = tuple(
    re.compile(rf"{opening}(?P<inner>[^{inside}]+){closing}[,;]?")
    for opening, inside, closing in (
        (r"\*\*", "*", r"\*\*"),
        (r"\*", "*", r"\*"),
        ("__", "_", "__"),
        ("_", "_", "_"),
        ('"', '"', '"'),
        ("[“„]", "“”„", "[”“]"),
        ("«", "«»", "»"),
        ("`", "`", "`"),
    )
)
_RULE = re.compile(r"\s*\|[\s:|-]*-[\s:|-]*")
"""What stands under the head of a table."""
_NEXT = re.compile(
    r"(?<=[?？])(?:\s*(?=\(?\d{1,2}[.)]\s)|(?=[^\W\d_a-z])|\s*[|;,]\s+)|"
    r"(?<=[\"”])\s*(?:,|;|and|und|et|y|и)\s*(?=[\"“])"
)
"""Between two questions on one line."""
_LEAD = re.compile(
    r"\s*(?:(?:[^?？]{0,160}[:：]\s+(?=\(?1[.)]\s))|"
    r"(?:(?:sure|certainly|of course|absolutely|okay|ok|gladly|natürlich|gerne|bien sûr|claro|"
    r"конечно)(?:[!.:]\s+|,\s+(?=here|hier|voici|aquí|вот)))?"
    r"(?:(?:here (?:is|are)|here's|hier (?:ist|sind)|voici|aquí (?:está|tienes?)|вот)\b"
    r"[^?？:：]{0,120}[:：]\s*)?(?=\S))",
    re.IGNORECASE,
)
"""A greeting and an announcement before the question on its line."""


class _Lines:
    """Takes lines, and keeps the questions."""

    def __init__(self, *, told: Sequence[str], known: str) -> None:
        self.texts: list[str] = []
        self.dropped: Counter[str] = Counter()
        self.repaired: set[str] = set()
        self._told = [one_line(each) for each in told if each]
        self._task = normal(told[0]) if told else ""
        self._known = normal(known) if known else None
        self._seen: set[str] = set()

    def without_prompt(self, text: str) -> str:
        """Return a reply without the prompt where it is repeated word for word."""
        left = text
        for message in self._told:
            pattern = r"\s+".join(map(re.escape, message.split()))
            left = re.sub(pattern, "\n", left)
            start = one_line(left)
            if len(start) >= _REPEATED_CHARS and message.startswith(start):
                left = ""  # cut off while repeating
        if left != text:
            self.repaired.add(Repair.PROMPT)
            if not words(left):
                self.dropped[Fault.PROMPT] += 1
        return left

    def _once(self, items: Sequence[str]) -> Sequence[str]:
        """Return items without their second half where it says the first over again."""
        half = len(items) // 2
        if not half or len(items) % 2 or list(map(normal, items[:half])) != list(map(normal, items[half:])):
            return items
        self.repaired.add(Repair.DOUBLED)
        return items[:half]

    def take(self, lines: Sequence[str], *, cut: bool = False) -> None:
        """Keep the questions among the lines; where several are marked as items, the others only stand around them."""
        heads = {number - 1 for number, line in enumerate(lines) if _RULE.fullmatch(line)}
        rows = [line for number, line in enumerate(lines) if number not in heads]
        split = self._once([part for line in rows for part in self._parts(line) if part.strip()])
        marked = [_unmarked(line) != line.strip() for line in split]
        several = sum(marked) > 1
        for number, (line, item) in enumerate(zip(split, marked, strict=True)):
            last = number + 1 == len(split)
            if cut and last and not line.rstrip().endswith(("?", "？", "؟")):
                self.dropped[Fault.CUT] += 1
            elif several and not item and "?" not in line and "？" not in line:
                self._around(line)
            else:
                self._take(line)

    def _parts(self, line: str) -> list[str]:
        """Return what stands on one line: the cells of a table, several questions, one after a greeting."""
        if line.lstrip().startswith("|"):
            return [cell for cell in line.split("|") if not cell.strip().isdecimal()]
        begun = _LEAD.match(line)
        if begun and begun.end() and words(line[: begun.end()]):
            self.repaired.add(Repair.WORDS_AROUND)
            line = line[begun.end() :]
        return [part for untagged in _TAG.split(line) for part in _NEXT.split(untagged)]

    def _around(self, line: str) -> None:
        self.repaired.add(Repair.WORDS_AROUND)
        if refuses(line):
            self.dropped[Fault.REFUSED] += 1

    def _take(self, line: str) -> None:
        text = _bare(line)
        if not words(text):
            return
        if refuses(text):
            self.dropped[Fault.REFUSED] = 1
        elif greets(text) or labels(line) or answers(text):
            self.repaired.add(Repair.WORDS_AROUND)
        elif len(words(text)) >= _REPEATED_WORDS and normal(text) in self._task:
            self.dropped[Fault.PROMPT] = 1
        elif len(text) > LONGEST_QUESTION:
            self.dropped[Fault.TOO_LONG] += 1
        else:
            self._keep(text, line)

    def _keep(self, text: str, line: str) -> None:
        once = _once(text)
        if once != text:
            self.repaired.add(Repair.DOUBLED)
        if normal(once) == self._known:
            self.dropped[Fault.SAME] += 1
            return
        if normal(once) in self._seen:
            self.dropped[Fault.TWICE] += 1
            return
        if text != one_line(line):
            self.repaired.add(Repair.MARKERS)
        self._seen.add(normal(once))
        self.texts.append(once)


def _unmarked(line: str) -> str:
    """Return a line without the marker of a list before it."""
    text = line.strip()
    for _ in range(4):
        text, before = text.strip(), text
        for signs in _WRAPPED:
            if wrapped := signs.fullmatch(text):
                text = wrapped["inner"].strip()
        text = _MARKER.sub("", text, count=1) if _MARKER.match(text) else text
        if text == before:
            break
    return text


def _bare(line: str) -> str:
    """Return what a line says, without marker, quotation marks and stars around it, and citation marks after it."""
    text = _CITED.sub("", _STYLE.sub("", _unmarked(line))).strip(" \t|")
    return one_line(text.removeprefix("**").removesuffix("**"))


def _once(text: str) -> str:
    """Return a text that is said twice in a row once."""
    parts: Iterator[int] = (mark.end() for mark in re.finditer(r"[?？.!]\s*", text))
    for end in parts:
        if end < len(text) and normal(text[:end]) == normal(text[end:]) and len(words(text[:end])) > 1:
            return text[:end].strip()
    return text
