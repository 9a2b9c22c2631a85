"""Documents become passages."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.adapters.llama_index import SentenceSplitterAdapter
from rag.domain import Chunking, Document
from rag.library.chunking import Chunker

SMALL = Chunking(max_tokens=40, overlap_tokens=8)
words = st.text(st.sampled_from("abcdefgé漢🙂#`,;"), min_size=1, max_size=9)
texts = st.lists(
    st.tuples(words, st.sampled_from([" ", " ", " ", ". ", "\n", "\n\n", "\n\n\n", "\t"])), max_size=250
).map(lambda pairs: "".join(word + gap for word, gap in pairs))


@pytest.fixture(scope="module")
def chunker() -> Chunker:
    """Small passages, so that short texts are cut."""
    return Chunker(SentenceSplitterAdapter(SMALL), SMALL)


def document(text: str, *, title: str = "Title", divisible: bool = True) -> Document:
    """Make the document at one fixed uri."""
    return Document.create(uri="test:one", title=title, text=text, divisible=divisible)


@settings(max_examples=60, deadline=None)
@given(text=texts)
def test_nothing_is_lost_and_nothing_is_empty(chunker: Chunker, text: str) -> None:
    """Every word is in a passage or in a heading, no passage is blank, positions count up from 0."""
    passages = chunker.split(document(text))

    assert [passage.position for passage in passages] == list(range(len(passages)))
    assert all(passage.text.strip() for passage in passages)
    kept = " ".join(f"{passage.title} {passage.text}" for passage in passages)
    # A word longer than the cut may be parted, but not lost; "#" and its heading part ways.
    lost = [word for word in text.replace("#", " ").split() if word not in kept.replace("#", " ")]
    assert [word for word in lost if not all(letter in kept for letter in word)] == []


def places_of(passage: str, text: str) -> list[int]:
    """Return where a passage stands in a text; it may do so more than once."""
    return [start for start in range(len(text)) if text.startswith(passage, start)]


@settings(max_examples=60, deadline=None)
@given(text=texts)
# Its last passage also stands at the beginning, within the first one.
@example(text="a a a a a a. aab. aab. ;`a ;,;`漢漢. ;`;;,;漢漢漢. a a. ")
def test_passages_follow_the_text(chunker: Chunker, text: str) -> None:
    """Without headings each passage is a stretch of the text, begins after the one before, and leaves no gap."""
    text = text.replace("#", "")
    passages = chunker.split(document(text))

    ways = {(-1, 0)}  # where the passage before may begin, and what is covered by then
    for passage in passages:
        ways = {
            (start, max(end, start + len(passage.text)))
            for start in places_of(passage.text, text)
            for before, end in ways
            if start > before and text[end:start].strip() == ""
        }
        assert ways
    assert any(text[end:].strip() == "" for _, end in ways)


@settings(max_examples=30, deadline=None)
@given(text=texts)
def test_the_same_document_gives_the_same_passages(chunker: Chunker, text: str) -> None:
    """Ids are stable from run to run and unique within a document."""
    first, second = chunker.split(document(text)), chunker.split(document(text))

    assert first == second
    assert len({passage.id for passage in first}) == len(first)


def test_long_text_is_cut_with_overlap(chunker: Chunker) -> None:
    """Neighbours share sentences, so that an answer on the border is whole in one of them."""
    text = " ".join(f"Sentence number {number} stands here." for number in range(40))

    passages = chunker.split(document(text))

    assert len(passages) > 5
    for one, other in pairwise(passages):
        assert one.text.rsplit(". ", 1)[-1] in other.text


def test_an_indivisible_document_is_one_passage(chunker: Chunker) -> None:
    """Labels point at it whole, so it stays whole, however long and whatever headings it holds."""
    text = "## A heading\n" + "word " * 500

    (passage,) = chunker.split(document(text, divisible=False))

    assert (passage.title, passage.text) == ("Title", text)


@pytest.mark.parametrize("text", ["", " \n\t", "\n\n\n"])
@pytest.mark.parametrize("divisible", [True, False])
def test_blank_text_gives_nothing(chunker: Chunker, text: str, divisible: bool) -> None:
    """Blank text has no passages."""
    assert chunker.split(document(text, divisible=divisible)) == []


def test_headings_go_into_the_titles_below_them(chunker: Chunker) -> None:
    """A passage's title names the document and the heading it stands under."""
    text = (
        "# Title\nOpening.\n\n## Setting up ##\nDo this.\n\n## Use\n\n### In a hurry\nDo that.\n\n# No more\n"
    )

    passages = chunker.split(document(text))

    assert [(passage.title, passage.text) for passage in passages] == [
        ("Title", "Opening."),
        ("Title - Setting up", "Do this."),
        ("Title - Use - In a hurry", "Do that."),
        ("Title", "No more"),
    ]


def test_a_comment_in_code_is_no_heading(chunker: Chunker) -> None:
    """Inside a fence, "#" begins a comment; so it does without a blank after it."""
    text = "## Run\n```sh\n# not a heading\nmake\n```\n#hashtag"

    (passage,) = chunker.split(document(text))

    assert passage.title == "Title - Run"
    assert passage.text == "```sh\n# not a heading\nmake\n```\n#hashtag"


def test_a_document_without_title_takes_the_heading(chunker: Chunker) -> None:
    """No title: the heading stands alone."""
    (passage,) = chunker.split(document("## Alone\ntext", title=""))

    assert passage.title == "Alone"


def test_a_long_run_of_headings_is_text(chunker: Chunker) -> None:
    """Headings with nothing below them do not pile up in the next passage's title."""
    text = "".join(f"## Chapter number {number}\n" for number in range(40)) + "Body."

    passages = chunker.split(document(text))

    assert max(len(passage.title) for passage in passages) < 300
    kept = " ".join(passage.embedded_text for passage in passages)
    assert all(f"Chapter number {number}" in kept for number in range(40))
