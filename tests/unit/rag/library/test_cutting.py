"""Documents of all kinds of blocks become passages."""

import re
from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.domain import Chunking, Document, Locator, Passage
from rag.library.chunking import Chunker

SMALL = Chunking(max_tokens=60, overlap_tokens=10)
SPLITTER = SentenceSplitterAdapter(SMALL)
CHUNKER = Chunker(SPLITTER, SMALL)


def split(text: str, *, title: str = "", locators: tuple[Locator, ...] = ()) -> list[Passage]:
    """Return the passages of a text, of 60 tokens each at most."""
    return CHUNKER.split(Document.create(uri="test:one", title=title, text=text, locators=locators))


def texts(text: str) -> list[str]:
    """Return the texts of its passages."""
    return [passage.text for passage in split(text)]


class Writer:
    """Writes Markdown of words that are all different: w0, w1, ..."""

    def __init__(self) -> None:
        self.numbers = count()

    def words(self, many: int) -> str:
        """Return that many new words."""
        return " ".join(f"w{next(self.numbers)}" for _ in range(many))

    def block(self, kind: str, size: int, margin: str = "") -> str:
        """Return a block of that kind and about that size."""
        match kind:
            case "prose":
                lines = [f"{self.words(size % 17 + 1)}." for _ in range(size % 9 + 1)]
                return margin + f"\n{margin}".join(lines)
            case "heading":
                return f"{'#' * (size % 4 + 1)} {self.words(size % 5 + 1)}"
            case "table":
                columns = size % 5 + 1
                rows = [[self.words(size % 4 + 1) for _ in range(columns)] for _ in range(size % 23 + 1)]
                lines = ["| " + " | ".join(row) + " |" for row in rows]
                lines.insert(1, "|" + "---|" * columns)
                return margin + f"\n{margin}".join(lines)
            case "list":
                items = [f"{margin}- {self.words(size % 11 + 1)}" for _ in range(size % 13 + 1)]
                if size % 3 == 0 and len(margin) < 6:
                    items[-1] += "\n\n" + self.block("table", size // 3, margin + "  ")
                if size % 3 == 1 and len(margin) < 6:
                    items[-1] += "\n" + self.block("list", size // 2, margin + "  ")
                return "\n".join(items)
            case "code":
                lines = [self.words(size % 7 + 1) for _ in range(size % 19 + 1)]
                return margin + f"\n{margin}".join(["```sh", *lines, "```"])
            case _:
                inner = self.block(["prose", "table", "list", "code"][size % 4], size // 4)
                return "> " + inner.replace("\n", "\n> ")


KINDS = ["prose", "prose", "heading", "table", "list", "code", "quote"]
shapes = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 400)), max_size=12)


@settings(max_examples=150, deadline=None)
@given(shape=shapes)
def test_every_word_is_kept_once_and_in_order(shape: list[tuple[str, int]]) -> None:
    """What is read through the passages is the document; only overlap, headers and headings come again."""
    writer = Writer()
    text = "\n\n".join(writer.block(kind, size) for kind, size in shape)

    passages = split(text)

    read = [word for passage in passages for word in re.findall(r"w\d+", f"{passage.title} {passage.text}")]
    assert list(dict.fromkeys(read)) == [f"w{number}" for number in range(next(writer.numbers))]
    # Sizes are added up, as the splitter does; where two blocks meet, the tokeniser may see one token more.
    assert all(SPLITTER.tokens(passage.text) <= SMALL.max_tokens + 2 for passage in passages)


@settings(max_examples=100, deadline=None)
@given(shape=shapes.map(lambda shape: [each for each in shape if each[0] in ("table", "list", "code")]))
def test_only_prose_overlaps(shape: list[tuple[str, int]]) -> None:
    """Rows, items and lines of code stand in one passage each, but for headers and the first cells of long rows."""
    writer = Writer()
    text = "\n\n".join(writer.block(kind, size) for kind, size in shape)
    again = "".join(re.findall(r"(.*)\n *\|(?:---\|)+$", text, re.M) + re.findall(r"^ *\|[^|]*\|", text, re.M))

    seen = Counter(word for passage in split(text) for word in re.findall(r"w\d+", passage.text))

    assert [word for word, times in seen.items() if times > 1 and word not in re.findall(r"w\d+", again)] == []
