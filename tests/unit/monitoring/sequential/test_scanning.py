"""The scan of the newest questions: its level, its power, and what it takes for evidence."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from monitoring.sequential.differences import Units
from monitoring.sequential.scanning import Evidence, scan, whitened
from rag.ports import Vectors

MakeQuestions = Callable[..., Vectors]


def most_alarms(runs: int, level: float) -> int:
    """Return the number of alarms that a test at `level` exceeds once in a thousand times."""
    return int(stats.binom.ppf(0.999, runs, level))


def scanned(vectors: Vectors, reference: int, **changed: object) -> Evidence:
    """Scan single questions, level 0.01."""
    given: dict[str, object] = {
        "features": vectors,
        "joint": (vectors.shape[1],),
        "strata": np.zeros(len(vectors), np.int64),
        "reference": reference,
        "group": 25,
        "pairs": False,
        "windows": (50, 100, 200),
    }
    return scan(Units(**(given | changed)), level=0.01, permutations=999, seed=1)  # type: ignore[arg-type]


def test_a_calm_scan_keeps_its_level(make_questions: MakeQuestions) -> None:
    """Where nothing changed, p is at most 0.1 in a tenth of scans, over all windows together."""
    generator = np.random.default_rng(3)
    p_values = [
        scanned(make_questions(generator.integers(4, size=500), run), 300).p_value for run in range(100)
    ]
    assert sum(p <= 0.1 for p in p_values) <= most_alarms(100, 0.1)


@pytest.mark.parametrize(("share", "since"), [(1.0, 40), (0.3, 200)])
def test_a_change_is_seen_whether_it_is_short_and_whole_or_long_and_partial(
    make_questions: MakeQuestions, share: float, since: int
) -> None:
    """A window that fits it says so."""
    generator = np.random.default_rng(4)
    topics = generator.integers(4, size=500)
    new = np.flatnonzero((np.arange(500) >= 500 - since) & (generator.random(500) < share))
    topics[new] = 9
    assert scanned(make_questions(topics, 1), 300).p_value <= 0.01


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize(("joint", "witness"), [((32, 32), 1), ((32,), 1), ((64,), 0)])
def test_the_witness_that_says_it_is_named(
    make_questions: MakeQuestions, joint: tuple[int, ...], witness: int, *, pairs: bool
) -> None:
    """Only columns from the 33rd on changed; each further column is a witness of its own."""
    generator = np.random.default_rng(12)
    topics = generator.integers(4, size=(2, 500))
    topics[1, 300:] = np.where(generator.random(200) < 0.7, 9, topics[1, 300:])
    still, moved = make_questions(topics[0], 1), make_questions(topics[1], 2)
    found = scanned(np.hstack([still, moved]), 300, joint=joint, pairs=pairs)
    assert found.p_value <= 0.01
    assert found.witness >= witness
    assert joint == (32,) or found.witness == witness


def test_what_a_few_neighbours_have_in_common_is_no_evidence(make_questions: MakeQuestions) -> None:
    """A single run of 20 alike questions is one event, as far as their pairs are concerned."""
    topics = np.random.default_rng(5).integers(30, size=500)
    topics[-20:] = 45
    alone = scanned(make_questions(topics, 1, noise=0.3), 300)
    every_pair = scanned(make_questions(topics, 1, noise=0.3), 300, group=1)
    assert alone.said.max() < every_pair.said.max() / 2


def test_only_questions_of_one_stratum_change_places(make_questions: MakeQuestions) -> None:
    """Other topics at other times are no change, where the strata know the times."""
    generator = np.random.default_rng(6)
    night = (np.arange(500) // 50) % 2
    night[-100:] = 1  # the newest hundred were all asked by night
    vectors = make_questions(generator.integers(4, size=500) + 10 * night, 1)
    assert scanned(vectors, 300).p_value <= 0.01
    assert scanned(vectors, 300, strata=night).p_value > 0.01


def test_a_stratum_that_the_reference_does_not_know_says_nothing(make_questions: MakeQuestions) -> None:
    """There is nothing to compare it with."""
    topics = np.random.default_rng(7).integers(4, size=500)
    topics[-60:] = 9
    strata = np.zeros(500, np.int64)
    strata[-60:] = -1
    assert scanned(make_questions(topics, 1), 300, strata=strata).p_value > 0.01


def test_one_column_is_one_sided() -> None:
    """More is seen, less is not."""
    generator = np.random.default_rng(8)
    values = generator.normal(size=(500, 1)).astype(np.float32)
    for shift, seen in ((1.0, True), (-1.0, False)):
        moved = values.copy()
        moved[-100:] += shift
        assert (scanned(moved, 300, joint=()).p_value <= 0.01) is seen


def test_pairs_of_blocks_keep_their_level_where_bursts_reach_over_three() -> None:
    """Blocks next to each other that are alike raise no more alarms than chance."""
    generator = np.random.default_rng(9)
    runs, alarms = 80, 0
    for _ in range(runs):
        blocks = generator.normal(size=(60, 8)).astype(np.float32)
        # A burst begins in a block and goes on in the next two.
        for start in np.flatnonzero(generator.random(60) < 0.1):
            blocks[start : start + 3] += 3.0 * generator.normal(size=8).astype(np.float32)
        found = scanned(
            blocks, 40, group=3, pairs=True, windows=(8, 12, 20), joint=(8,), strata=np.zeros(60, np.int64)
        )
        alarms += found.p_value <= 0.05
    assert alarms <= most_alarms(runs, 0.05)


def test_pairs_of_blocks_see_a_change() -> None:
    """One that lasts."""
    blocks = np.random.default_rng(10).normal(size=(60, 8)).astype(np.float32)
    blocks[-10:, 0] += 3.0
    found = scanned(blocks, 40, group=3, pairs=True, windows=(8, 12, 20), strata=np.zeros(60, np.int64))
    assert found.p_value <= 0.01


def test_whitening_evens_out_what_varies_most() -> None:
    """A direction that varies a hundred times as much counts far less than so."""
    wide = np.random.default_rng(11).normal(size=(1_000, 2)).astype(np.float32) * np.array(
        [10, 1], np.float32
    )
    moved = wide @ whitened(wide, ridge=0.01)
    spread = np.linalg.svd(moved - moved.mean(axis=0), compute_uv=False)
    assert spread[0] / spread[-1] < 2.0
