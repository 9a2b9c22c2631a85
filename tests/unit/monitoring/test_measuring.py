"""What is measured while the corpus goes by."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from monitoring.gathering import Compared
from monitoring.measuring import Instruments, measure
from monitoring.windows import split_windows
from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.domain import (
    Chunking,
    Document,
    Interaction,
    InteractionStatus,
    Passage,
    Release,
    Retrieval,
    utcnow,
)
from rag.ports import Encoder, IndexStore
from rag.releases.models import LoadedRelease

PASSAGES = [
    Passage.create(Document.create(uri=f"doc/{name}", text="text"), 0, f"how to make {name} at home")
    for name in ("bread", "cheese", "soap", "candles", "paper", "ink", "jam")
]
ASKED = [
    Interaction(
        id=name,
        tenant="default",
        principal=name,
        asked_at=utcnow(),
        question=f"how is {name} made?",
        hits=(),
        answer="",
        cited=(),
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.RETRIEVED,
    )
    for name in ("soap", "jam", "glass")
]


@contextmanager
def _nowhere() -> Iterator[IndexStore]:
    raise AssertionError("nothing is to be tried out")
    yield


@pytest.mark.parametrize("batch", [1, 3, 7, 0])
def test_batches_give_what_one_pass_over_everything_gives(
    batch: int, static_encoder: Encoder, tmp_path: Path
) -> None:
    """However the corpus is cut, each question has the cosine of its nearest passage; without passages none."""
    reference, current = split_windows(ASKED, current=1, reference=2)
    release = Release.create(
        encoder=static_encoder.digest,
        dimension=static_encoder.dimension,
        chunking=Chunking(),
        retrieval=Retrieval(),
    )
    passages = PASSAGES if batch else []
    measured = measure(
        Compared(
            reference=reference,
            current=current,
            feedback={},
            golden=(),
            passages=[[], *(passages[at : at + batch] for at in range(0, len(passages), batch or 1))],
        ),
        Instruments(
            encoder=static_encoder,
            live=LoadedRelease(release=release, encoder=static_encoder),
            cache=SqliteEmbeddingCache(tmp_path / "cache.sqlite"),
            scratch=_nowhere,
        ),
        tenant="default",
        k=5,
    )

    if not batch:
        assert measured.reference.top_scores is measured.current.top_scores is None
        return
    questions = static_encoder.encode_queries([asked.question for asked in ASKED])
    vectors = static_encoder.encode_passages([passage.embedded_text for passage in PASSAGES])
    assert measured.reference.top_scores is not None
    assert measured.current.top_scores is not None
    scores = np.concatenate([measured.reference.top_scores, measured.current.top_scores])
    np.testing.assert_allclose(scores, (questions @ vectors.T).max(axis=1), rtol=1e-5, atol=1e-5)
