"""The matrix of a query-side adapter: its gradient, and what it learns."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrain.domain import Origin, TrainingPair
from retrain.training.adapting import AdapterRecipe, Floats, Matrix, fit, gradient, mixed
from retrain.training.material import Material, lay_out

RECIPE = AdapterRecipe(seed=5, epochs=30, batch_size=8, learning_rate=0.06, scale=20, decay=0.0, patience=50)
DIMENSION = 6


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bring rows to unit length."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def turned(count: int = 24) -> tuple[Material, NDArray[np.float32], NDArray[np.float32]]:
    """Questions that are their passages' vectors, turned all alike: one matrix answers every one."""
    rng = np.random.default_rng(2)
    passages = unit(rng.normal(size=(count, DIMENSION)))
    turn = np.linalg.qr(rng.normal(size=(DIMENSION, DIMENSION)))[0]
    pairs = [
        TrainingPair(
            question=f"question {at}",
            passage_id=str(at),
            document_id=str(at),
            passage_text=f"{at} {rng.integers(1 << 60)} is the text of one passage",
            origin=Origin.LABEL,
        )
        for at in range(count)
    ]
    return lay_out(pairs), unit(passages @ turn), passages


def accuracy(matrix: Matrix, questions: NDArray[np.float32], passages: NDArray[np.float32]) -> float:
    """Share of the questions whose nearest passage is theirs."""
    return float((np.argmax(questions @ matrix.T @ passages.T, axis=1) == np.arange(len(passages))).mean())


def test_the_gradient_is_the_losss() -> None:
    """It equals the difference quotient in every direction, with masks and several answers."""
    rng = np.random.default_rng(1)
    questions, passages = unit(rng.normal(size=(3, 4))), unit(rng.normal(size=(5, 4)))
    right = np.array([[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]], dtype=np.bool_)
    wrong = np.array([[0, 1, 1, 0, 0], [1, 0, 1, 1, 1], [0, 0, 0, 1, 1]], dtype=np.bool_)
    matrix = np.asarray(np.eye(4) + rng.normal(0, 0.3, (4, 4)))

    exact: Any = gradient  # its own float32 would hide the difference

    def loss(at: NDArray[np.float64]) -> float:
        double = (questions.astype(np.float64), passages.astype(np.float64))
        return float(exact(at, *double, right, wrong, scale=5.0)[0])

    _, slope = exact(matrix, questions, passages, right, wrong, scale=5.0)
    for place in np.ndindex(4, 4):
        step = np.zeros((4, 4))
        step[place] = 1e-5
        assert (loss(matrix + step) - loss(matrix - step)) / 2e-5 == pytest.approx(slope[place], abs=1e-4)


def test_what_is_neither_takes_no_part() -> None:
    """A passage that is neither answer nor negative changes neither loss nor gradient, wherever it lies."""
    rng = np.random.default_rng(4)
    questions, passages = unit(rng.normal(size=(2, 4))), unit(rng.normal(size=(4, 4)))
    right = np.array([[1, 0, 0, 0], [0, 1, 0, 0]], dtype=np.bool_)
    wrong = np.array([[0, 1, 1, 0], [1, 0, 1, 0]], dtype=np.bool_)
    elsewhere = passages.copy()
    elsewhere[3] = questions[0]

    one, other = (
        gradient(np.eye(4, dtype=np.float32), questions, rows, right, wrong, scale=20)
        for rows in (passages, elsewhere)
    )

    assert one[0] == pytest.approx(other[0])
    assert np.allclose(one[1], other[1])


def test_a_turn_is_learnt() -> None:
    """From the identity, which finds next to nothing, to a matrix that finds nearly every answer."""
    material, questions, passages = turned()
    start = np.eye(DIMENSION, dtype=np.float32)

    fitted = fit(start, material, questions, passages, RECIPE, measure=None)

    assert accuracy(start, questions, passages) < 0.3
    assert accuracy(fitted.matrix, questions, passages) > 0.8
    assert (90, 90) == (fitted.steps, fitted.planned)
    assert fitted.history[-1]["loss"] < fitted.history[0]["loss"]
    assert np.array_equal(np.eye(DIMENSION), start)


def test_the_same_seed_gives_the_same_matrix() -> None:
    """Nothing but the arguments decides."""
    material, questions, passages = turned()
    start = np.eye(DIMENSION, dtype=np.float32)

    one, other = (fit(start, material, questions, passages, RECIPE, measure=None) for _ in range(2))

    assert np.array_equal(one.matrix, other.matrix)


def test_decay_holds_the_matrix_where_it_began() -> None:
    """The stronger it is, the shorter the way."""
    material, questions, passages = turned()
    start = np.eye(DIMENSION, dtype=np.float32)

    def way(decay: float) -> float:
        recipe = AdapterRecipe(
            seed=5, epochs=30, batch_size=8, learning_rate=0.02, scale=20, decay=decay, patience=9
        )
        fitted = fit(start, material, questions, passages, recipe, measure=None)
        return float(np.linalg.norm(fitted.matrix - start))

    assert way(100.0) < way(1.0) < way(0.0)


def test_the_best_look_is_kept_and_patience_ends() -> None:
    """Where dev falls from the second evaluation on, the first one's matrix stays and the run ends early."""
    material, questions, passages = turned()
    seen: list[Matrix] = []

    def measure(matrix: Matrix) -> Floats:
        seen.append(matrix.copy())
        return np.array([1.0 / len(seen)])

    recipe = AdapterRecipe(
        seed=5, epochs=30, batch_size=8, learning_rate=0.02, scale=20, decay=0.0, patience=2
    )
    told: list[tuple[int, int]] = []
    fitted = fit(
        np.eye(DIMENSION, dtype=np.float32),
        material,
        questions,
        passages,
        recipe,
        measure=measure,
        tell=lambda *at: told.append(at),
    )

    assert 3 == len(seen)
    assert np.array_equal(seen[0], fitted.matrix)
    assert [1.0, 1 / 2, 1 / 3] == [entry["dev"] for entry in fitted.history]
    assert [(step, 90) for step in range(1, 10)] == told


def test_a_mix_lies_between() -> None:
    """The share of the fitted matrix, and the rest of the first one's."""
    start, fitted = np.eye(2, dtype=np.float32), np.full((2, 2), 3, dtype=np.float32)

    assert np.allclose([[1.5, 0.75], [0.75, 1.5]], mixed(start, fitted, 0.25))
