"""Passages that a model takes for answers and that are none."""

import numpy as np

from retrain.dataset.near_duplicates import Groups
from retrain.domain import Origin, TrainingPair
from retrain.training.material import Material, lay_out
from retrain.training.negatives import DEPTH, draw, near


def material(*, negatives: tuple[str, ...] = ()) -> Material:
    """One passage for each of twenty questions; people called some of them wrong for the first."""
    pairs = [
        TrainingPair(
            question=f"q{n}?",
            passage_id=str(n),
            document_id=str(n),
            passage_text=f"p{n}",
            origin=Origin.LABEL,
            negatives=negatives if n == 0 else (),
        )
        for n in range(20)
    ]
    return lay_out(pairs, lambda _: Groups())


def vectors() -> tuple[np.ndarray, np.ndarray]:
    """The first question looks along the first axis; passage n has cosine 1 - n / 20 with it."""
    cosines = 1 - np.arange(20) / 20
    passages = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1).astype(np.float32)
    return np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (20, 1)), passages


def test_the_nearest_that_are_clearly_behind_the_answer() -> None:
    """What is within the margin of the answer's score likely answers too; then the nearest come, best first."""
    nearest = near(material(), *vectors(), margin=0.86)

    assert list(range(3, 3 + DEPTH)) == nearest[0].tolist()


def test_what_people_called_wrong_comes_first() -> None:
    """Before anything that only looks wrong, and it is not drawn twice."""
    given = material(negatives=("p19", "p5"))
    nearest = near(given, *vectors(), margin=0.86)
    drawn = draw(given, nearest, count=4, seed=3)

    assert {19, 5} == set(drawn[0, :2].tolist())
    assert 4 == len(set(drawn[0].tolist()))
    assert set(drawn[0, 2:].tolist()) <= set(nearest[0].tolist()) - {5, 19}


def test_where_there_are_none_left_the_places_stay_empty() -> None:
    """-1 marks them, whatever the count."""
    given = material()
    nothing = np.full((20, DEPTH), -1, dtype=np.int64)

    assert (draw(given, nothing, count=2, seed=1) == -1).all()
