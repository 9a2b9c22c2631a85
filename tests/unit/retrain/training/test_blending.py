"""How much of the fine-tuned weights to take."""

import numpy as np

from retrain.training.blending import choose


def test_the_smallest_share_that_cannot_be_told_from_the_best() -> None:
    """A half that differs from the best by noise alone is taken: it forgets less."""
    rng = np.random.default_rng(5)
    best = rng.random(200)
    scores = {0.4: best - 0.2, 0.6: best + rng.normal(0, 0.2, 200) - 0.005, 0.8: best - 0.001, 1.0: best}

    blend = choose(scores, list(range(200)))

    assert 0.6 == blend.alpha
    assert {share: float(values.mean()) for share, values in scores.items()} == blend.scores


def test_a_clear_gain_is_taken_whole() -> None:
    """Where less is clearly worse, all of the fine-tuning is kept."""
    values = np.linspace(0, 1, 100)

    assert 1.0 == choose({0.4: values - 0.3, 0.8: values - 0.1, 1.0: values}, list(range(100))).alpha


def test_wordings_of_one_question_count_as_one() -> None:
    """A hundred wordings of two questions prove less than a hundred questions."""
    behind = np.where(np.arange(100) % 2, 0.5, -0.1)
    scores = {0.4: -behind, 1.0: np.zeros(100)}

    assert 1.0 == choose(scores, list(range(100))).alpha
    assert 0.4 == choose(scores, [n % 2 for n in range(100)]).alpha
