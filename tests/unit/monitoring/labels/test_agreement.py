"""Does a search by words agree with what was found?"""

import numpy as np
import pytest
from doubles.live_questions import document

from monitoring.labels.agreement import NAMES, START, Weights, learned, signs_of
from rag.domain import Hit, Passage

LUNCH = document("lunch.md", "Lunch is served at noon in the canteen.")[1]
PARKING = document("parking.md", "Cars are parked behind the house.")[1]
DINNER = document("dinner.md", "Dinner is served at seven.")[1]
QUESTION = "When is lunch served in the canteen?"


def hits(*passages: Passage) -> list[Hit]:
    """Return hits with falling scores."""
    return [Hit(passage=each, rank=rank, score=1 - rank / 10) for rank, each in enumerate(passages, 1)]


def of(served: list[Passage], rivals: list[Passage]) -> dict[str, float]:
    """Return the signs by name."""
    return dict(zip(NAMES, signs_of(QUESTION, hits(*served), rivals), strict=True))


def test_agreement_is_more_likely_than_disagreement() -> None:
    """The best passage by words is served, or the words know a better one than was served."""
    agreeing = signs_of(QUESTION, hits(LUNCH, PARKING), [LUNCH, DINNER, PARKING])
    differing = signs_of(QUESTION, hits(PARKING, DINNER), [LUNCH, DINNER, PARKING])

    assert START.probability(agreeing) > START.probability(differing) + 0.2


def test_the_signs_of_agreement() -> None:
    """Where the best hit stands among the best by words, and what the hits hold that others do not."""
    agreeing = of([LUNCH, PARKING], [LUNCH, DINNER])
    differing = of([PARKING, DINNER], [LUNCH, DINNER])
    unknown = of([PARKING], [LUNCH, DINNER])

    assert (agreeing["best"], agreeing["first"], agreeing["shared"]) == (0.0, 1.0, 0.2)
    assert differing["best"] == pytest.approx(np.log(2))
    assert differing["first"] == 0.0
    assert unknown["best"] == pytest.approx(np.log(11))
    assert agreeing["beside"] > 0 > differing["beside"]
    assert agreeing["most"] == 1.0
    assert agreeing["nearest"] == 0.9
    assert agreeing["spread"] == pytest.approx(0.1)


def test_nothing_found_by_words_and_one_hit() -> None:
    """A question without a known word, and a release that gives one passage."""
    signs = signs_of("¿?", hits(LUNCH), [])

    assert len(signs) == len(NAMES)
    assert np.isfinite(signs).all()
    assert 0 <= START.probability(signs) <= 1


def made(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return signs and outcomes of a collection in which only the first sign tells anything."""
    generator = np.random.default_rng(seed)
    signs = np.array(START.centre) + generator.normal(size=(count, len(NAMES))) * np.array(START.scale)
    chance = 1 / (1 + np.exp(-2 * (signs[:, 0] - START.centre[0]) / START.scale[0]))
    return signs, (generator.random(count) < chance).astype(float)


def correlation(weights: Weights, signs: np.ndarray, found: np.ndarray) -> float:
    """Return how well the probabilities go with the outcomes."""
    said = [weights.probability(row) for row in signs]
    return float(np.corrcoef(said, found)[0, 1])


def test_it_learns_what_the_signs_weigh_here() -> None:
    """From labels, and the more the better."""
    signs, found = made(2_000, 1)
    few, many = (learned(START, *made(count, 2)) for count in (40, 600))

    assert correlation(START, signs, found) < correlation(few, signs, found)
    assert correlation(few, signs, found) < correlation(many, signs, found)
    assert correlation(many, signs, found) > 0.5


def test_few_words_change_little() -> None:
    """Nothing is forgotten for a handful of labels, and none change nothing."""
    signs, _ = made(3, 3)
    after = learned(START, signs, np.ones(3))

    assert learned(START, np.empty((0,)), np.empty((0,))) == START
    assert np.abs(np.array(after.weights) - np.array(START.weights)).max() < 0.5


def test_labels_that_all_say_the_same_are_learned_from() -> None:
    """Also where signs are far out of the usual: no weight grows beyond bounds."""
    signs, _ = made(200, 4)
    signs[:, 3] = 1e6
    after = learned(START, signs, np.ones(200))

    assert np.isfinite(after.weights).all()
    assert after.probability(signs[0]) > 0.9
