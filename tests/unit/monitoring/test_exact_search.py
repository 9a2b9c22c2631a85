"""Exact search over a corpus that streams by."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.exact_search import Nearest
from rag.domain import Document, Passage


def corpus(count: int) -> list[Passage]:
    """Make passages, two to a document."""
    documents = [Document.create(uri=f"doc/{i}", text="text") for i in range((count + 1) // 2)]
    return [Passage.create(documents[i // 2], i % 2, f"passage {i}") for i in range(count)]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 12), st.integers(0, 1000))
def test_batches_give_what_one_look_at_everything_gives(count: int, k: int, batch: int, seed: int) -> None:
    """However the corpus is cut into batches, the k best are those of a sort of all scores."""
    generator = np.random.default_rng(seed)
    passages, vectors = corpus(count), generator.normal(size=(count, 4)).astype(np.float32)
    questions = generator.normal(size=(3, 4)).astype(np.float32)

    nearest = Nearest(questions, k)
    for start in range(0, count, batch):
        nearest.offer(passages[start : start + batch], vectors[start : start + batch])

    order = np.argsort(-(questions @ vectors.T), axis=1)[:, :k]
    expected = [frozenset(passages[i].document_id for i in row) for row in order]
    assert nearest.documents() == expected
    np.testing.assert_allclose(
        nearest.scores, np.take_along_axis(questions @ vectors.T, order, axis=1), rtol=1e-5, atol=1e-5
    )
    assert nearest.seen() == {p.document_id for p in passages}


def test_nothing_offered_nothing_found() -> None:
    """Without passages each question has no best one."""
    nearest = Nearest(np.ones((2, 4), np.float32), 3)

    assert nearest.documents() == [frozenset(), frozenset()]
    assert nearest.scores.shape == (2, 0)
