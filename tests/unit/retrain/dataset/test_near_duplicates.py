"""Which documents count as nearly the same."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from retrain.dataset.near_duplicates import Groups, alike_across, alike_questions, cluster, cluster_questions

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


def test_questions_worded_nearly_alike_are_one_and_numbers_tell_them_apart() -> None:
    """Another ending or a filler word makes no other question; another number does."""
    groups = cluster_questions(
        [
            "how do i renew my passport abroad",
            "how do i renew my passport abroad please",
            "how do i renew my passports abroad",
            "what is the fee for a visa",
            "what is type 1 diabetes",
            "what is type 2 diabetes",
        ]
    )
    assert groups.of("how do i renew my passports abroad") == "how do i renew my passport abroad"
    assert groups.of("how do i renew my passport abroad please") == "how do i renew my passport abroad"
    assert groups.of("what is the fee for a visa") == "what is the fee for a visa"
    assert groups.of("what is type 2 diabetes") != groups.of("what is type 1 diabetes")


def _trigrams(question: str) -> set[str]:
    padded = f" {question} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def test_banding_finds_what_comparing_all_with_all_finds() -> None:
    """Against the exact Jaccard similarity of every pair: none that is found is wrong, and hardly one is missed."""
    chance = random.Random(3)
    questions = set()
    for seed in range(60):
        words = _text(seed, 7)
        for _ in range(4):
            version = list(words)
            version[chance.randrange(7)] = chance.choice(_WORDS)
            questions.add(" ".join(version))
    exact = {
        (one, other)
        for one in questions
        for other in questions
        if one < other
        and len(_trigrams(one) & _trigrams(other)) >= 0.7 * len(_trigrams(one) | _trigrams(other))
    }
    found = set(alike_questions(questions))
    assert len(exact) > 30
    assert found <= exact
    assert len(found) >= 0.98 * len(exact)


def test_what_is_alike_depends_on_two_questions_alone() -> None:
    """Taking out the questions that are like a held-back one leaves none that is: however many there are."""
    held = [f"what are the symptoms of {word} syndrome" for word in _WORDS[:150]]
    training = [f"what are the symptoms of {word} syndromes" for word in _WORDS[100:240]]
    alike = alike_across(training, held, same=0.9)
    assert {f"what are the symptoms of {word} syndromes" for word in _WORDS[100:150]} <= set(alike)
    left = [question for question in training if question not in alike]
    assert alike_across(left, held, same=0.9) == {}
    assert alike_across([], held, same=0.9) == alike_across(training, [], same=0.9) == {}
