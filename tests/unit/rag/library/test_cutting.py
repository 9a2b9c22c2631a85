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
    again = "".join(
        re.findall(r"(.*)\n *\|(?:---\|)+$", text, re.M) + re.findall(r"^ *\|[^|]*\|", text, re.M)
    )

    seen = Counter(word for passage in split(text) for word in re.findall(r"w\d+", passage.text))

    assert [
        word for word, times in seen.items() if times > 1 and word not in re.findall(r"w\d+", again)
    ] == []


ROWS = [f"| N-{number:03} | {colour} | {number * 3} |" for number in range(40) for colour in ("blue",)]
HEADER = "| part | colour | price |\n|---|---|---|"
TABLE = HEADER + "\n" + "\n".join(ROWS)


def test_a_long_table_is_divided_between_rows() -> None:
    """Each row is whole in one passage, under the names of the columns."""
    found = texts(TABLE)

    assert len(found) > 3
    assert all(text.startswith(HEADER + "\n") for text in found)
    assert [line for text in found for line in text.splitlines()[2:]] == ROWS


@pytest.mark.parametrize(
    ("header", "delimiter", "row"),
    [
        ("part | price", "--- | ---", "N-{} | {}"),
        ("| part | price |", "|:---|---:|", "| N-{} | {} |"),
        ("| part `a \\| b` | price |", "|---|---|", "| N-{} \\| x | {} |"),
        ("| part<br>number | price |", "|---|---|", "| N-{}<br/>new | {} |"),
        ("| part       | price      |", "|------------|------------|", "| N-{}       | {}         |"),
        ("| part | price | colour | stock |", "|---|---|---|---|", "| N-{} |  |  | {} |"),
        ("|  |  |", "|---|---|", "| N-{} | {} |"),
        ("| part |", "|---|", "| N-{} {} |"),
        ("| part | price |", "|---|---|", "| N-{} | {} | surplus |"),
        ("| part | price |", "|---|---|", "| N-{} {} |"),
    ],
)
def test_every_form_of_table_keeps_its_header(header: str, delimiter: str, row: str) -> None:
    """Escaped pipes, breaks, padding, empty and surplus cells: rows are whole, and the header stands above them."""
    rows = [row.format(number, number * 7) for number in range(60)]

    found = texts("\n".join([header, delimiter, *rows]))

    assert len(found) > 3
    assert all(text.splitlines()[0] == header for text in found)
    assert [line for text in found for line in text.splitlines()[2:]] == rows


@pytest.mark.parametrize("margin", ["  ", "   ", "> "])
def test_a_table_in_a_list_or_a_quotation_keeps_its_header(margin: str) -> None:
    """The header is repeated there as well, and the passage shows a table by itself."""
    inner = "\n".join(margin + line for line in TABLE.splitlines())
    before = "1. Prices\n\n" if margin == "   " else "- Prices\n\n" if margin == "  " else ""

    found = texts(before + inner)

    marks = margin.strip() and f"{margin.strip()} "
    assert len(found) > 3
    assert all(f"{marks}| part | colour | price |\n{marks}|---|---|---|\n" in text for text in found[1:])
    assert [row for row in ROWS if sum(row in text for text in found) != 1] == []


def test_what_leads_to_a_table_stays_with_its_first_rows() -> None:
    """A caption is not left behind in the passage before."""
    filling = "This sentence fills the passage with some of its many words. " * 3

    found = texts(f"{filling}\n\nPrices of screws in crowns:\n\n{TABLE}\n")

    (captioned,) = [text for text in found if "Prices of screws" in text]
    assert captioned.startswith("Prices of screws in crowns:\n\n" + HEADER)
    assert ROWS[0] in captioned


def test_the_last_sentence_of_a_long_paragraph_leads_to_a_list() -> None:
    """Of a paragraph that fills a passage itself only the sentence with the colon goes along."""
    filling = "This sentence fills the passage with some of its many words. " * 4
    items = [f"- a thing of the kind {number}, which is needed as well" for number in range(8)]

    found = texts(f"{filling}You need:\n\n" + "\n".join(items))

    (leading,) = [text for text in found if "You need:" in text]
    assert leading.startswith("You need:\n\n" + items[0])


def test_a_row_that_is_too_long_names_its_columns() -> None:
    """It is cut between cells, and within a cell where that alone is too long; its first cell is repeated."""
    long = "Many words stand in this cell, and more of them follow. " * 8
    text = f"| part | note | price |\n|---|---|---|\n| N-1 | {long} | 4 |\n| N-2 | short | 5 |\n"

    found = texts(text)

    assert [part for part in found if "Many words" in part and not part.startswith("part: N-1; note: ")] == []
    assert "part: N-1; price: 4" in found
    assert "| part | note | price |\n|---|---|---|\n| N-2 | short | 5 |" in found
    assert sum(part.count("Many words") for part in found) == 8


def test_a_wide_table_is_written_row_by_row() -> None:
    """A header too long to be repeated is said once, and then with each cell."""
    names = [f"name of column {number}" for number in range(30)]
    text = (
        "| "
        + " | ".join(names)
        + " |\n"
        + "|---" * 30
        + "|\n| "
        + " | ".join(map(str, range(100, 130)))
        + " |\n"
    )

    found = texts(text)

    assert [name for name in names if not any(name in part for part in found)] == []
    assert all("name of column 0: 100" in part for part in found if "name of column 29: " in part)
    assert sum("name of column 17: 117" in part for part in found) == 1


def test_a_header_alone_is_kept() -> None:
    """A table without rows is text like any other."""
    assert texts("| part | price |\n|---|---|\n") == ["| part | price |\n|---|---|"]


def test_two_tables_in_a_row_have_headers_of_their_own() -> None:
    """The second one does not go on under the first one's header."""
    second = TABLE.replace("part", "tool").replace("N-", "T-")

    found = texts(f"{TABLE}\n\n{second}\n")

    for text in found:
        above = ""
        for line in text.splitlines():
            above = line if line.startswith(("| part", "| tool")) else above
            assert not line.startswith("| N-") or above.startswith("| part")
            assert not line.startswith("| T-") or above.startswith("| tool")


def test_a_list_stays_whole_where_it_fits() -> None:
    """It begins a passage of its own rather than being cut."""
    filling = "This sentence fills the passage with some of its many words. " * 3
    items = "\n".join(f"{number}. step number {number} of the way" for number in range(1, 6))

    assert texts(f"{filling}\n\n{items}") == [filling.strip(), items]


def test_a_long_list_is_cut_between_items() -> None:
    """No item is parted from its marker, and what it holds stays with it where that fits."""
    items = [f"- thing {number}\n  of the kind\n  - with a part" for number in range(30)]

    found = texts("\n".join(items))

    assert len(found) > 3
    assert "\n".join(found) == "\n".join(items)


def test_code_is_fenced_in_each_of_its_passages() -> None:
    """It is cut between lines."""
    lines = [f"value_{number} = compute({number})" for number in range(30)]

    found = texts("```python\n" + "\n".join(lines) + "\n```\n")

    assert len(found) > 3
    assert all(text.startswith("```python\n") and text.endswith("\n```") for text in found)
    assert [line for text in found for line in text.splitlines()[1:-1]] == lines


def test_a_line_of_code_that_is_too_long_is_cut() -> None:
    """It is fenced like the others."""
    found = texts("```\nshort\n" + "word " * 200 + "\nlast\n```")

    assert all(text.startswith("```\n") and text.endswith("\n```") for text in found)
    assert sum(text.count("word") for text in found) == 200


def test_notes_stay_with_what_refers_to_them() -> None:
    """A note at the end of the document goes to the passage that has its number."""
    notes = "[^1]: Batteries are excluded.\n[^b]: So is this.\n"
    text = f"# A\n\nThe warranty is five years.[^1]\n\n# B\n\nOther.[^b]\n\n{notes}"

    assert [(passage.title, passage.text) for passage in split(text)] == [
        ("A", "The warranty is five years.[^1]\n\n[^1]: Batteries are excluded."),
        ("B", "Other.[^b]\n\n[^b]: So is this."),
    ]


def test_a_note_that_nothing_refers_to_stays_in_its_place() -> None:
    """It is not lost."""
    assert texts("Text.\n\n[^1]: A note.\n") == ["Text.\n\n[^1]: A note."]


def test_a_rule_alone_is_no_passage() -> None:
    """The line between two parts says nothing."""
    assert [passage.title for passage in split("---\n\n# A\n\nText.\n\n---\n\n# B\n\nMore.\n")] == ["A", "B"]


def test_prose_without_markdown_is_cut_by_the_splitter() -> None:
    """Plain text gives the pieces that the splitter makes of it, overlap and all."""
    text = "".join(f"Sentence number {number} stands here. {'  ' * (number % 3)}\n" for number in range(60))

    assert texts(text) == SPLITTER.split(text)


PAGES = (
    Locator(start=0, kind="page", name="1"),
    Locator(start=400, kind="page", name="2"),
    Locator(start=800, kind="page", name="3"),
)


def test_passages_know_their_pages() -> None:
    """A passage is on the pages that its words stand on; one across a border is on both."""
    text = "".join(f"Sentence number {number:04} stands here. " for number in range(32))

    passages = split(text, locators=PAGES)

    for passage in passages:
        start = text.index(passage.text)
        pages = [1 + place // 400 for place in (start, start + len(passage.text) - 1)]
        first, last = (min(page, 3) for page in pages)
        assert passage.locator == (f"page {first}" if first == last else f"pages {first}-{last}")
    assert {"page 1", "page 2", "page 3"} <= {passage.locator for passage in passages}


def test_rows_and_items_know_their_pages() -> None:
    """The repeated header does not pull a passage back to the first page."""
    last = Locator(start=TABLE.index(ROWS[30]), kind="sheet", name="Prices")

    passages = split(TABLE, locators=(Locator(start=0, kind="sheet", name="Stock"), last))

    for passage in passages:
        first = int(re.findall(r"N-(\d+)", passage.text)[0]) >= 30
        until = int(re.findall(r"N-(\d+)", passage.text)[-1]) >= 30
        names = ["Prices" if late else "Stock" for late in (first, until)]
        assert passage.locator == (f"sheet {names[0]}" if names[0] == names[1] else "sheets Stock, Prices")


def test_an_indivisible_document_is_on_all_of_its_pages() -> None:
    """Its one passage covers them."""
    document = Document.create(uri="x", text="word " * 200, divisible=False, locators=PAGES)

    (passage,) = CHUNKER.split(document)

    assert passage.locator == "pages 1-3"
