"""Which documents count as nearly the same."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from retrain.dataset.near_duplicates import Groups, cluster

_WORDS = [f"{a}{b}{c}" for a in "bcdfgh" for b in "aeiou" for c in "klmnprst"]


def _text(seed: int, length: int = 120) -> list[str]:
    return random.Random(seed).choices(_WORDS, k=length)


def test_a_copy_with_a_changed_word_joins_its_original() -> None:
    """A version of a document with a word changed in a hundred is nearly the same; another document is not."""
    original = _text(1)
    changed = [*original[:60], "changed", *original[61:]]
    groups = cluster({"a": " ".join(original), "b": " ".join(changed), "c": " ".join(_text(2))})
    assert (groups.of("b"), groups.of("c")) == ("a", "c")


def test_case_and_punctuation_make_no_copy() -> None:
    """Short texts of the same words are the same."""
    groups = cluster({"a": "Opening hours: nine to five.", "b": "opening hours nine to five"})
    assert groups.of("b") == "a"


def test_documents_without_a_word_stay_alone() -> None:
    """Empty documents are not copies of each other."""
    groups = cluster({"a": "", "b": " \n", "c": "!!"})
    assert [groups.of(document) for document in "abc"] == ["a", "b", "c"]


@given(st.permutations([f"d{n}" for n in range(6)]))
def test_order_makes_no_difference(order: list[str]) -> None:
    """The same documents form the same groups, however they come."""
    texts = {name: " ".join(_text(int(name[1]) // 2)) for name in order}
    groups = cluster(texts)
    assert {name: groups.of(name) for name in texts} == {f"d{n}": f"d{n // 2 * 2}" for n in range(6)}


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12))
def test_a_group_goes_by_its_smallest_member(joins: list[tuple[str, str]]) -> None:
    """Whatever is joined, each group's name is its smallest member and all members agree."""
    groups = Groups()
    for join in joins:
        groups.join(join)
    members: dict[str, set[str]] = {}
    for item in "abcdefgh":
        members.setdefault(groups.of(item), set()).add(item)
    assert all(name == min(group) for name, group in members.items())
    assert all(groups.of(one) == groups.of(other) for one, other in joins)


def test_thousands_of_documents_take_seconds() -> None:
    """Two thousand documents, half of them copies, are compared well within the limit."""
    texts = {f"{n:05}": " ".join(_text(n // 2, 150)) for n in range(2_000)}
    started = time.perf_counter()
    groups = cluster(texts)
    assert time.perf_counter() - started < 20
    assert len({groups.of(document) for document in texts}) == 1_000
