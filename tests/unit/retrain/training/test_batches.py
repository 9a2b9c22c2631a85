"""Which questions and passages meet in one step."""

import numpy as np

from retrain.dataset.near_duplicates import Groups
from retrain.domain import Origin, TrainingPair
from retrain.training.batches import count, epoch
from retrain.training.material import Material, lay_out


def material(questions: int = 100, passages: int = 40) -> Material:
    """Questions that go round a number of passages, each a document of its own."""
    pairs = [
        TrainingPair(
            question=f"question {n}?",
            passage_id=str(n % passages),
            document_id=str(n % passages),
            passage_text=f"text {n % passages}",
            origin=Origin.LABEL,
        )
        for n in range(questions)
    ]
    return lay_out(pairs, lambda _: Groups())


NEAREST = np.array([[row ^ 1] for row in range(40)], dtype=np.int64)
"""Two and two are neighbours: 0 and 1, 2 and 3."""


def test_an_epoch_asks_every_question_once() -> None:
    """In as many batches as `count` says, none larger than the size, none with a passage twice."""
    given = material()
    batches = list(epoch(given, size=16, nearest=NEAREST, seed=1))

    assert count(given, 16) == len(batches)
    assert list(range(100)) == sorted(int(row) for batch in batches for row in batch.questions)
    for batch in batches:
        assert len(batch.questions) <= 16
        assert len(set(batch.passages.tolist())) == len(batch.passages)
        assert batch.right.any(axis=1).all()


def test_questions_of_one_passage_come_together() -> None:
    """So that it is read once: with 100 questions of 40 passages few passages are in two batches."""
    shown = sum(len(batch.passages) for batch in epoch(material(), size=16, nearest=NEAREST, seed=1))

    assert 40 <= shown <= 40 + 7


def test_the_same_seed_gives_the_same_epoch() -> None:
    """And another seed another one: a run that is resumed meets what it would have met."""
    drawn = [
        [batch.questions.tolist() for batch in epoch(material(), size=16, nearest=NEAREST, seed=seed)]
        for seed in (1, 1, 2)
    ]

    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_negatives_are_shown_with_their_question() -> None:
    """Each is among the passages of its question's batch, and -1 is none."""
    negatives = np.array([[(n + 7) % 40] if n % 2 else [-1] for n in range(100)], dtype=np.int64)

    for batch in epoch(material(), size=16, nearest=NEAREST, negatives=negatives, seed=1):
        assert -1 not in batch.passages
        for question in batch.questions:
            if question % 2:
                assert negatives[question, 0] in batch.passages


def test_neighbours_come_together() -> None:
    """Passages that are near each other are each other's negatives: hardly a pair is torn apart."""
    batches = list(epoch(material(40, 40), size=10, nearest=NEAREST, seed=1))

    together = sum(row ^ 1 in batch.passages for batch in batches for row in batch.passages.tolist())

    assert 4 == len(batches)
    assert 40 - 2 * 3 <= together
