"""Which passages have alike words, and an order in which they follow each other."""

import numpy as np

from retrain.dataset.near_duplicates import Groups
from retrain.domain import Origin, TrainingPair
from retrain.training.material import Material, lay_out
from retrain.training.neighbours import in_groups, neighbours


def material(*texts: str, same: tuple[int, ...] = ()) -> Material:
    """Passages of these texts, each a document of its own; those of `same` are of one group."""

    def grouping(_: object) -> Groups:
        groups = Groups()
        groups.join(str(row) for row in same)
        return groups

    pairs = [
        TrainingPair(
            question=f"question {at}?",
            passage_id=str(at),
            document_id=str(at),
            passage_text=text,
            origin=Origin.LABEL,
        )
        for at, text in enumerate(texts)
    ]
    return lay_out(pairs, grouping)


def test_alike_words_are_near_and_common_ones_say_little() -> None:
    """Of three passages with a common word the two that share a rare one are nearest; with none in common, none."""
    found = neighbours(
        material(
            "the clinic treats asthma in children",
            "the clinic opens on monday",
            "asthma of children and its causes",
            "tax returns",
        )
    )

    assert [2, 1] == found[0][:2].tolist()
    assert {-1} == set(found[3].tolist())


def test_what_must_not_be_a_negative_is_no_neighbour() -> None:
    """Two passages of one group are never given for each other, nor a passage for itself."""
    found = neighbours(
        material("asthma in children", "asthma in children too", "asthma in adults", same=(0, 1))
    )

    assert [2] == [row for row in found[0] if row >= 0]
    assert 2 not in found[2]


def test_passages_without_words_have_no_neighbours() -> None:
    """Signs alone are no error."""
    assert {-1} == set(neighbours(material("?", "!")).ravel().tolist())


def test_groups_follow_each_other() -> None:
    """The order has every passage once; groups of two neighbours stand side by side, whatever the seed."""
    nearest = np.array([[1], [0], [3], [2], [5], [4]], dtype=np.int64)
    drawn = [in_groups(nearest, size=2, seed=seed) for seed in range(5)]

    for place in drawn:
        assert list(range(6)) == sorted(place.tolist())
        assert {1} == {abs(int(place[row] - place[row + 1])) for row in (0, 2, 4)}
    assert len({tuple(place.tolist()) for place in drawn}) > 1
