"""The test on question embeddings: its level, its power, its invariants."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitoring.signals.questions import mmd_test
from rag.ports import Encoder, Vectors


def topics(generator: np.random.Generator, shares: list[float], count: int) -> Vectors:
    """Draw unit vectors, shape (count, 32), around as many topics as there are shares."""
    centres = np.random.default_rng(1).normal(size=(len(shares), 32))
    vectors = centres[generator.choice(len(shares), count, p=shares)] + generator.normal(size=(count, 32))
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def most_alarms(runs: int, level: float = 0.05) -> int:
    """Return the number of alarms that a test at `level` exceeds once in a thousand times."""
    return int(stats.binom.ppf(0.999, runs, level))


def test_mmd_keeps_its_level_in_calm_windows() -> None:
    """Windows of one distribution raise no more alarms than the level allows."""
    generator = np.random.default_rng(11)
    p_values = [
        mmd_test(
            topics(generator, [0.5, 0.3, 0.2], 100),
            topics(generator, [0.5, 0.3, 0.2], 60),
            permutations=99,
            seed=run,
        ).p_value
        for run in range(100)
    ]

    assert sum(p <= 0.05 for p in p_values) <= most_alarms(100)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)


def test_mmd_sees_a_new_topic() -> None:
    """A fifth of the current window on a topic of its own is found, at windows of 500 and 200."""
    generator = np.random.default_rng(13)
    found = [
        mmd_test(
            topics(generator, [0.6, 0.4, 0.0], 500),
            topics(generator, [0.5, 0.3, 0.2], 200),
            permutations=199,
            seed=run,
        ).p_value
        <= 0.05
        for run in range(10)
    ]

    assert found == [True] * 10


def test_real_questions(datasets: Path, static_encoder: Encoder) -> None:
    """Random splits of real questions are calm; a fifth of medical ones among those on administration is found."""
    asked = {}
    for name in ("feedbackqa", "pubmedqa-pqal"):
        with (datasets / name / "queries.jsonl").open(encoding="utf-8") as lines:
            asked[name] = static_encoder.encode_queries([json.loads(line)["text"] for line in lines])
    home, foreign = asked["feedbackqa"], asked["pubmedqa-pqal"]
    generator = np.random.default_rng(14)
    calm, drifted = [], []
    for run in range(60):
        drawn = home[generator.choice(len(home), 350, replace=False)]
        calm.append(mmd_test(drawn[:250], drawn[250:], permutations=99, seed=run).p_value <= 0.05)
    for run in range(10):
        drawn = home[generator.choice(len(home), 660, replace=False)]
        current = np.vstack([drawn[500:], foreign[generator.choice(len(foreign), 40, replace=False)]])
        drifted.append(mmd_test(drawn[:500], current, permutations=199, seed=run).p_value <= 0.05)

    assert sum(calm) <= most_alarms(60)
    assert drifted == [True] * 10


def test_mmd_by_hand() -> None:
    """The statistic is the unbiased estimate of Gretton et al., summed pair by pair."""
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(4, 3)), generator.normal(size=(3, 3)) + 1
    pooled = np.vstack([x, y])
    squared = ((pooled[:, None] - pooled[None]) ** 2).sum(axis=-1)
    kernel = np.exp(-squared / (2 * np.median(squared[np.triu_indices(7, 1)])))
    within_x = sum(kernel[i, j] for i in range(4) for j in range(4) if i != j) / 12
    within_y = sum(kernel[i, j] for i in range(4, 7) for j in range(4, 7) if i != j) / 6
    across = sum(kernel[i, j] for i in range(4) for j in range(4, 7)) / 12

    actual = mmd_test(x.astype(np.float32), y.astype(np.float32), permutations=99, seed=0).statistic

    assert actual == pytest.approx(within_x + within_y - 2 * across, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 25), st.integers(2, 25), st.integers(0, 10_000))
def test_the_order_of_rows_is_of_no_consequence(m: int, n: int, seed: int) -> None:
    """Permuting a window's questions changes neither statistic, p-value nor threshold."""
    generator = np.random.default_rng(seed)
    x, y = topics(generator, [0.5, 0.5], m), topics(generator, [0.5, 0.5], n)

    plain = mmd_test(x, y, permutations=99, seed=5)
    permuted = mmd_test(generator.permutation(x), generator.permutation(y), permutations=99, seed=5)

    assert (plain.statistic, plain.p_value) == (permuted.statistic, permuted.p_value)
    assert plain.critical(0.05) == permuted.critical(0.05)


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 25), st.integers(3, 25), st.integers(0, 10_000))
def test_swapping_the_windows_keeps_the_statistic(m: int, n: int, seed: int) -> None:
    """The statistic is symmetric in its windows."""
    generator = np.random.default_rng(seed)
    x, y = topics(generator, [0.5, 0.5], m), topics(generator, [0.2, 0.8], n)

    forward = mmd_test(x, y, permutations=99, seed=5).statistic
    backward = mmd_test(y, x, permutations=99, seed=5).statistic

    assert forward == pytest.approx(backward, abs=1e-9)


def test_swapping_the_windows_keeps_the_distribution_of_p_values() -> None:
    """Where nothing changed, swapping gives p-values of the same distribution."""
    generator = np.random.default_rng(15)
    pairs = [(topics(generator, [0.5, 0.5], 40), topics(generator, [0.5, 0.5], 25)) for _ in range(60)]
    forward = [mmd_test(x, y, permutations=99, seed=1).p_value for x, y in pairs]
    backward = [mmd_test(y, x, permutations=99, seed=2).p_value for x, y in pairs]

    assert stats.ks_2samp(forward, backward).pvalue > 0.01


def test_the_same_question_over_and_over_is_calm() -> None:
    """Identical vectors everywhere, where every distance is zero, are no drift and no division by zero."""
    row = np.full((30, 8), 8**-0.5, np.float32)

    assert mmd_test(row, row[:10], permutations=99, seed=0).p_value == 1.0
