"""Documents whose every unit of text is known: headings, sentences, list items, cells and code.

The words are the documentation of the running Python, which is everywhere and says the same to everybody. A unit is a
line of it that no other unit holds, so that one that is lost, moved or given twice can be told from all the others.
"""

import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from rag.bootstrap import documents_at
from rag.settings import Settings

# Marks that some format spells in another way are left to the tests of that format.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,;:()'.\"-]{38,220}[a-z)][.:]")
_WORDS = re.compile(r"[a-z]{4,12}")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands below it."""

    heading: str
    level: int  # 1 to 3
    paragraphs: tuple[str, ...]  # of sentences, one unit each paragraph
    items: tuple[str, ...] = ()  # of a list
    header: tuple[str, ...] = ()  # names of a table's columns
    rows: tuple[tuple[str, ...], ...] = ()
    code: tuple[str, ...] = ()  # lines


@dataclass(frozen=True, kw_only=True)
class Known:
    """One document."""

    name: str
    title: str
    sections: tuple[Section, ...] = field(default=())

    def units(self) -> Iterator[str]:
        """Yield its units in their order. Names of columns may stand at every row, so they are none."""
        for section in self.sections:
            yield section.heading
            yield from section.paragraphs
            yield from section.items
            for row in section.rows:
                yield from row
            yield from section.code


def documents(count: int, *, seed: int = 17) -> list[Known]:
    """Return so many documents, the same ones each time on one version of Python.

    Raises:
        SystemExit: the documentation is too short for so many.
    """
    drawn = random.Random(seed)
    sentences = list(_sentences())
    drawn.shuffle(sentences)
    names = _names(sentences)
    made = []
    for number in range(count):
        sections = tuple(_section(place, drawn, sentences, names) for place in range(drawn.randint(3, 6)))
        made.append(Known(name=f"known-{number:03}", title=f"Report {next(names)}", sections=sections))
    return made


def _section(place: int, drawn: random.Random, sentences: list[str], names: Iterator[str]) -> Section:
    def some(most: int) -> tuple[str, ...]:
        if len(sentences) < most:
            raise SystemExit("The documentation of this Python is too short for so many documents.")
        return tuple(sentences.pop() for _ in range(drawn.randint(1, most)))

    kind = place % 4
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    if kind == 1:
        header = tuple(next(names).capitalize() for _ in range(drawn.randint(2, 4)))
        rows = tuple(tuple(next(names) for _ in header) for _ in range(drawn.randint(2, 8)))
    return Section(
        heading=f"About {next(names)}",
        level=1 if place == 0 else drawn.randint(2, 3),
        paragraphs=some(4),
        items=some(5) if kind == 2 else (),
        header=header,
        rows=rows,
        code=tuple(f"{next(names).replace(' ', '_')} = {drawn.randint(2, 999)}" for _ in range(3))
        if kind == 3
        else (),
    )


@cache
def _sentences() -> tuple[str, ...]:
    lines = (
        " ".join(paragraph.split())
        for document in documents_at("python-docs", Settings(_env_file=None))
        for paragraph in document.text.split("\n\n")
    )
    found = {line for line in lines if _PLAIN.fullmatch(line) and "  " not in line and "--" not in line}
    # Some formats have a mark for what begins like "NOTE:".
    found = {line for line in found if not re.match(r"[A-Z]+:", line)}
    # A line that is part of another would be found where only the other one is.
    whole = "\n".join(sorted(found))
    return tuple(sorted(line for line in found if whole.count(line) == 1))


def _names(sentences: list[str]) -> Iterator[str]:
    """Yield names of two words and a number, none twice."""
    words = sorted({word for sentence in sentences for word in _WORDS.findall(sentence)})
    drawn = random.Random(23)
    for number in range(10_000, 1_000_000):
        yield f"{drawn.choice(words)} {drawn.choice(words)} {number}"


def plain(text: str) -> str:
    """Return text as units are compared: no marks of Markdown, one form of each letter, single blanks."""
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "")
    text = re.sub(r"[\u2018\u2019]", "'", re.sub(r"[\u201c\u201d]", '"', text))
    return " ".join(re.sub(r"[\\*_`|]", " ", text).split())
