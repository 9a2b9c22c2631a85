"""The prompt's budget is filled with the hits and what stands around them, nothing twice."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.domain import Document, Hit, Passage
from rag.questions.writing.packing import Packed, cut, overlap, pack


def count_words(texts: Sequence[str]) -> list[int]:
    """One token a word."""
    return [len(text.split()) for text in texts]


def passages(*texts: str, title: str = "", uri: str = "a") -> list[Passage]:
    """Return one document's passages."""
    document = Document.create(uri=uri, text="\n".join(texts), title=title)
    return [Passage.create(document, at, text) for at, text in enumerate(texts)]


def hit(of: Sequence[Passage], at: int, *, rank: int = 1, reach: int = 0) -> Hit:
    """Return the passage at that position as a hit with its neighbours."""
    around = tuple(p for p in of if p.position != at and abs(p.position - at) <= reach)
    return Hit(passage=of[at], rank=rank, score=0.5, neighbours=around)


def packed(*hits: Hit, budget: int) -> list[Packed]:
    """Pack with a frame that costs nothing but the rank."""
    return pack(hits, budget=budget, frame="", count_tokens=count_words)


def texts(*hits: Hit, budget: int) -> list[str]:
    """Return the texts alone."""
    return [each.text for each in packed(*hits, budget=budget)]


ONE = passages("A one. A two.", "B one. B two.", "C one. C two.", "D one. D two.")


def test_hits_keep_their_order_rank_and_title() -> None:
    """What fits stands as it is."""
    first, second = passages("Very high.", title="Peaks")[0], passages("Quite low.", uri="b")[0]
    hits = [Hit(passage=p, rank=rank, score=0.9) for rank, p in enumerate((first, second), start=1)]

    assert packed(*hits, budget=100) == [
        Packed(rank=1, title="Peaks", text="Very high."),
        Packed(rank=2, title="", text="Quite low."),
    ]


def test_neighbours_are_joined_in_the_order_of_the_document() -> None:
    """What stands before a hit comes before it."""
    assert texts(hit(ONE, 1, reach=2), budget=100) == ["\n".join(p.text for p in ONE)]


def test_hits_come_before_any_neighbour() -> None:
    """The last hit is shown before the first one is widened."""
    other = passages("E one. E two.", uri="b")

    assert texts(hit(ONE, 1, reach=1), hit(other, 0, rank=2), budget=10) == ["B one. B two.", "E one. E two."]


def test_a_hit_that_does_not_fit_ends_with_a_sentence() -> None:
    """Half a sentence says half the truth."""
    other = passages("E one. E two.", uri="b")

    assert texts(hit(ONE, 0), hit(other, 0, rank=2), budget=9) == ["A one. A two.", "E one."]


def test_a_shorter_hit_takes_the_place_of_one_that_does_not_fit() -> None:
    """What is left of the budget is not given up at the first sentence too long."""
    long, short = passages("This one sentence has far too many words.", uri="b"), passages("Tiny.", uri="c")
    result = packed(hit(ONE, 0), hit(long, 0, rank=2), hit(short, 0, rank=3), budget=8)

    assert [each.rank for each in result] == [1, 3]


def test_the_best_hit_is_never_left_out() -> None:
    """Where not even its first sentence fits, its first words are shown."""
    assert texts(hit(passages("A sentence without any end"), 0), budget=4) == ["A sentence without"]


def test_the_rest_of_the_budget_goes_to_parts_of_neighbours() -> None:
    """A neighbour that does not fit gives its sentences next to the hit."""
    assert texts(hit(ONE, 1, reach=1), budget=1 + 4 + 4 + 2) == ["A two.\nB one. B two.\nC one. C two."]
    assert texts(hit(ONE, 1, reach=1), budget=1 + 4 + 2) == ["B one. B two. C one."]


def test_a_hit_beside_another_one_is_not_repeated() -> None:
    """Neighbouring hits stand once each, and a passage between two hits goes to the better one."""
    assert texts(hit(ONE, 1, reach=1), hit(ONE, 2, rank=2, reach=1), budget=100) == [
        "A one. A two.\nB one. B two.",
        "C one. C two.\nD one. D two.",
    ]
    assert texts(hit(ONE, 0, reach=1), hit(ONE, 2, rank=2, reach=1), budget=100) == [
        "A one. A two.\nB one. B two.",
        "C one. C two.\nD one. D two.",
    ]


def test_text_does_not_jump_over_a_gap() -> None:
    """Where a passage between is shown elsewhere, what lies beyond it is not joined."""
    assert texts(hit(ONE, 0, reach=2), hit(ONE, 1, rank=2), budget=100)[0] == "A one. A two."


def test_what_neighbours_share_stands_once() -> None:
    """Overlapping passages become running text again."""
    lap = passages(
        "It began in spring. The first of them came early.",
        "The first of them came early. Nobody had asked for it.",
        "Nobody had asked for it. So it ended.",
    )

    assert texts(hit(lap, 1, reach=1), budget=100) == [
        "It began in spring. The first of them came early. Nobody had asked for it. So it ended."
    ]


def test_another_heading_is_shown_where_it_begins() -> None:
    """Neighbours below other headings keep them apart."""
    document = Document.create(uri="a", text="x")
    under = [Passage.create(document, at, f"Text {at}.", f"Heading {at}") for at in range(3)]

    (block,) = packed(hit(under, 1, reach=1), budget=100)

    assert block.title == "Heading 0"
    assert block.text == "Text 0.\nHeading 1\nText 1.\nHeading 2\nText 2."


@pytest.mark.parametrize("budget", range(1, 60, 4))
def test_the_budget_is_never_exceeded(budget: int) -> None:
    """Whatever the budget, all texts, titles and ranks together stay within it."""
    other = passages("E one. E two.", "F one.", title="A title", uri="b")
    result = packed(hit(ONE, 1, reach=2), hit(other, 0, rank=2, reach=1), budget=budget)

    assert sum(count_words([f"{each.rank} {each.title} {each.text}" for each in result])) <= budget


def test_cut_keeps_whole_sentences_from_either_end() -> None:
    """The room is filled with sentences; with words only where that is asked for."""
    text = "One is here. Two is there! Three?"

    assert cut(text, 6, count_words) == "One is here. Two is there!"
    assert cut(text, 4, count_words, end=True) == "Two is there! Three?"
    assert cut(text, 2, count_words) == ""
    assert cut(text, 2, count_words, words=True) == "One is"
    assert cut(text, 0, count_words, words=True) == ""
    assert cut(text, 99, count_words) == text


@pytest.mark.parametrize(
    ("before", "after", "shared"),
    [
        ("a b. The cat sat.", "The cat sat. It slept.", "The cat sat."),
        ("the same text", "the same text", "the same text"),
        ("ends with a letter e", "every letter", ""),
        ("a concatenated word", "ted word and more", ""),
        ("an overlap of", "an overlap often seen", ""),
        ("", "something", ""),
        ("abababab abababab", "abababab abababab x", "abababab abababab"),
    ],
)
def test_overlap_is_the_longest_shared_stretch_of_whole_words(before: str, after: str, shared: str) -> None:
    """Chance likeness of a few letters, or of parts of words, is none."""
    assert overlap(before, after) == len(shared)


@given(st.text("ab .", max_size=40), st.text("ab .", max_size=40))
def test_overlap_is_as_long_as_any(before: str, after: str) -> None:
    """No longer stretch of whole words is shared than the one found."""

    def whole_words(size: int) -> bool:
        begins = size == len(before) or not (before[-size - 1].isalnum() and after[0].isalnum())
        ends = size == len(after) or not (after[size - 1].isalnum() and after[size].isalnum())
        return begins and ends

    longest = min(len(before), len(after))
    shared = [n for n in range(8, longest + 1) if before[-n:] == after[:n] and whole_words(n)]

    assert overlap(before, after) == max(shared, default=0)


def test_a_widened_piece_says_where_all_of_it_stands() -> None:
    """The locator covers the neighbours that were joined, and no others."""
    document = Document.create(uri="a", text="One. Two. Three.")
    of = [
        Passage.create(document, at, text, locator=f"page {at + 3}")
        for at, text in enumerate(("One.", "Two.", "Three."))
    ]

    assert [each.locator for each in packed(hit(of, 1, reach=1), budget=100)] == ["pages 3-5"]
    assert [each.locator for each in packed(hit(of, 1, reach=1), budget=4)] == ["page 4"]
