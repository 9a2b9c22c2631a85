"""Whether neighbours are alike, and which questions are neighbours."""

from collections.abc import Callable

import numpy as np

from monitoring.sequential.dependence import blocks_of, clumped
from rag.ports import Vectors

MakeQuestions = Callable[..., Vectors]


def test_a_run_is_cut_from_its_oldest_question_on() -> None:
    """What is left over and less than half a block belongs to none."""
    assert blocks_of(np.arange(1, 12), 5).tolist() == [0] * 5 + [1] * 5 + [-1]


def test_a_run_is_cut_from_its_newest_question_on() -> None:
    """So that the newest block is whole."""
    assert blocks_of(np.arange(1, 14), 5, newest_first=True).tolist() == [0] * 3 + [1] * 5 + [2] * 5


def test_no_block_reaches_over_a_gap() -> None:
    """Questions on both sides of it were not neighbours."""
    positions = np.array([1, 2, 3, 9, 10, 11])
    assert blocks_of(positions, 3).tolist() == [0, 0, 0, 1, 1, 1]


def test_independent_questions_are_not_clumped(make_questions: MakeQuestions) -> None:
    """Their p-values are spread out."""
    block = np.arange(300) // 25
    p_values = [
        clumped(
            make_questions(np.random.default_rng(run).integers(6, size=300), run),
            block,
            np.zeros(300, np.int64),
            seed=run,
        )
        for run in range(30)
    ]
    assert 0.3 < float(np.mean(p_values)) < 0.7


def test_bursts_are_clumped(make_questions: MakeQuestions) -> None:
    """Also where each is of five questions only, a fifth of all."""
    topics = np.random.default_rng(1).integers(30, size=500)
    for start in range(0, 500, 25):
        topics[start + 3 : start + 8] = topics[start + 3]
    block = np.arange(500) // 25
    vectors = make_questions(topics, 1, noise=0.5)
    assert clumped(vectors, block, np.zeros(500, np.int64), seed=1) <= 0.01


def test_topics_of_the_hour_are_no_clumps_within_their_part(make_questions: MakeQuestions) -> None:
    """Only what neighbours have in common beyond that counts."""
    night = (np.arange(500) // 100) % 2
    vectors = make_questions(np.random.default_rng(2).integers(4, size=500) + 10 * night, 1)
    block = np.arange(500) // 25
    assert clumped(vectors, block, np.zeros(500, np.int64), seed=1) <= 0.01
    assert clumped(vectors, block, night, seed=1) > 0.01
