"""Looks with made-up questions, for whatever watches them."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.domain import Look, Watched
from rag.ports import Vectors

MONDAY = 1_767_571_200.0
Floats = NDArray[np.float64]
MakeLook = Callable[..., Look]


def questions(topics: NDArray[np.int64], seed: int, *, noise: float = 1.0) -> Vectors:
    """Return unit vectors, (n, 32), each around its topic's centre."""
    centres = np.random.default_rng(1).normal(size=(60, 32))
    vectors = centres[topics] + noise * np.random.default_rng(seed).normal(size=(len(topics), 32))
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _watched(first: int, vectors: Vectors, asked_at: Floats, columns: dict[str, Floats]) -> Watched:
    n = len(vectors)
    none = np.full(n, np.nan)
    return Watched(
        interactions=tuple(f"i{first + place}" for place in range(n)),
        positions=np.arange(first, first + n),
        asked_at=asked_at,
        vectors=vectors,
        best=columns.get("best", none),
        support=columns.get("support", none),
        refused=columns.get("refused", none),
        rating=columns.get("rating", none),
        language_unknown=np.zeros(n, np.bool_),
        words=none,
        share=none,
    )


def _look(
    vectors: Vectors,
    reference: int,
    *,
    apart: float = 600.0,
    asked_at: Floats | None = None,
    new: int = 25,
    **columns: Floats,
) -> Look:
    times: Floats = (
        MONDAY + apart * np.arange(len(vectors), dtype=np.float64) if asked_at is None else asked_at
    )
    before, now = (
        {name: values[part] for name, values in columns.items()}
        for part in (slice(reference), slice(reference, None))
    )
    return Look(
        tenant="default",
        at=datetime.fromtimestamp(times[-1], UTC),
        reference=_watched(1, vectors[:reference], times[:reference], before),
        recent=_watched(reference + 1, vectors[reference:], times[reference:], now),
        new=new,
        run_length=50_000.0,
        reference_since=None,
        reset_by="start",
    )


@pytest.fixture
def make_look() -> MakeLook:
    """Return what makes a look: the first `reference` vectors are its reference, the rest the newest questions."""
    return _look


@pytest.fixture
def make_questions() -> Callable[..., Vectors]:
    """Return what makes questions' vectors of their topics, 0 to 59, and a seed."""
    return questions
