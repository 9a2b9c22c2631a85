"""What a run learns from, in rows: answers, negatives, and what is neither."""

from collections.abc import Mapping

import numpy as np

from retrain.dataset.near_duplicates import Groups
from retrain.domain import Origin, TrainingPair
from retrain.training.material import lay_out


def pair(question: str, text: str, document: str, *, negatives: tuple[str, ...] = ()) -> TrainingPair:
    """Make a pair."""
    return TrainingPair(
        question=question,
        passage_id=text,
        document_id=document,
        passage_text=text,
        origin=Origin.LABEL,
        negatives=negatives,
    )


def alone(_: Mapping[str, str]) -> Groups:
    """Nothing is nearly the same as anything."""
    return Groups()


def twins(texts: Mapping[str, str]) -> Groups:
    """One and twin are nearly the same."""
    groups = Groups()
    groups.join(name for name, text in texts.items() if text in ("one", "twin"))
    return groups


def test_a_passage_is_there_once_and_has_all_its_questions() -> None:
    """Two questions of one passage share its row; one question of two passages has both as answers."""
    material = lay_out([pair("a?", "one", "d1"), pair("b?", "one", "d1"), pair("A?", "two", "d2")], alone)

    assert ("a?", "b?") == material.questions
    assert ("one", "two") == material.passages
    assert (frozenset({0, 1}), frozenset({0})) == material.answers


def test_what_shares_a_document_or_is_nearly_the_same_is_no_negative() -> None:
    """It takes no part, whichever of the two ties it to an answer."""
    pairs = [
        pair("a?", "one", "d1"),
        pair("b?", "two", "d1"),
        pair("c?", "twin", "d2"),
        pair("d?", "far", "d3"),
    ]
    material = lay_out(pairs, twins)

    right, wrong = material.masks(np.array([0]), np.arange(4))

    assert [[True, False, False, False]] == right.tolist()
    assert [[False, False, False, True]] == wrong.tolist()


def test_a_passage_that_a_person_called_wrong_is_a_negative_all_the_same() -> None:
    """A person's word counts more than where the passage lies; an answer stays one whoever called it wrong."""
    pairs = [
        pair("a?", "one", "d1", negatives=("two", "one")),
        pair("b?", "two", "d1"),
    ]
    material = lay_out(pairs, alone)

    right, wrong = material.masks(np.array([0]), np.arange(2))

    assert ((1,), ()) == material.recorded
    assert ([[True, False]], [[False, True]]) == (right.tolist(), wrong.tolist())


def test_what_is_trained_is_what_is_served() -> None:
    """Texts are read in the form that an encoder sees when it serves; their rows stay."""
    material = lay_out([pair("Which oﬃce?", "The ﬁfth “ﬂoor”", "d1"), pair("b?", "two", "d2")], alone)

    seen = material.seen()

    assert seen.questions == ("Which office?", "b?")
    assert seen.passages == ('The fifth "floor"', "two")
    assert seen.answers == material.answers
