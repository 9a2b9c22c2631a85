"""What attribution is told beside a look, read from a real log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from doubles.asked_about import DIMENSION, Asked, Question, corpus, look, says

from monitoring.adapters.sql import SqlAskedLog, SqlSamples
from monitoring.checking import Reading
from monitoring.diagnosing import Clues
from monitoring.domain import Cause, Look, PassageSample
from monitoring.settings import DriftSettings
from rag.adapters.sql.stores import Stores
from rag.domain import Interaction, InteractionStatus
from rag.ports import Vectors

USUAL = ("travel", "pay", "desk", "leave")
BEGAN = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass
class Known:
    """An encoder that knows each question's vector."""

    vectors: dict[str, Vectors]
    digest: str = "fixed"
    passages_digest: str = "fixed"
    dimension: int = DIMENSION

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return them."""
        return np.array([self.vectors[text] for text in texts], np.float32)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return none: there are no passages to embed."""
        raise NotImplementedError

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words."""
        return [len(text.split()) for text in texts]


def logged(stores: Stores, questions: Sequence[Question], ids: Sequence[str], at: datetime) -> None:
    """Log questions, one a minute from `at` on."""
    stores.interactions.add_all(
        [
            Interaction(
                id=one, tenant="a", principal="local", asked_at=at + timedelta(minutes=minute),
                question=each.text, hits=(), answer="", cited=(), release="r", epoch=1, generator="extractive",
                status=InteractionStatus.ANSWERED, retrieve_ms=1.0, generate_ms=1.0, total_ms=2.0,
            )
            for minute, (one, each) in enumerate(zip(ids, questions, strict=True))
        ]
    )  # fmt: skip


@pytest.mark.parametrize(("asked_before", "cause"), [(True, Cause.OLD_TOPIC), (False, Cause.UNKNOWN)])
def test_a_topic_that_was_asked_before_the_reference_returns(
    stores: Stores, asked_before: bool, cause: Cause
) -> None:
    """What the log holds of before tells it; without that nothing does. A text that comes often counts once."""
    asked = Asked()
    usual, new = asked.mixed(USUAL, 200), asked.about("visa", 40)
    passages = corpus(asked, (*USUAL, "visa"))
    earlier = asked.mixed((*USUAL, "visa"), 200) if asked_before else []
    made, _ = look(usual, new, passages, reset_by="promotion")
    probes = [replace(usual[0], text="are you there") for _ in range(600)] if asked_before else []
    logged(stores, earlier, [f"earlier-{at}" for at in range(len(earlier))], BEGAN - timedelta(days=20))
    logged(stores, probes, [f"probe-{at}" for at in range(len(probes))], BEGAN - timedelta(days=1))
    logged(stores, usual, made.reference.interactions, BEGAN)
    logged(stores, new, made.recent.interactions, BEGAN + timedelta(days=1))
    found = clues(stores, made, [*earlier, *probes], passages_of(passages.vectors)).attribute(
        Reading(findings=(says("topics"),)), made
    )
    assert [each.cause for each in found] == [cause]


def clues(stores: Stores, made: Look, earlier: Sequence[Question], sample: PassageSample) -> Clues:
    """Return what a check reads for attribution."""
    return Clues(
        log=SqlAskedLog(stores.engine),
        interactions=stores.interactions,
        feedback=stores.feedback,
        samples=SqlSamples(stores.engine),
        sample=sample,
        encoder=Known({each.text: each.vector for each in earlier}),
        settings=DriftSettings(_env_file=None),
    )


def passages_of(vectors: Vectors) -> PassageSample:
    """Return a sample of passages that have no words."""
    return PassageSample(
        encoder="fixed", change=0, wanted=20_000, ids=tuple(f"p{at}" for at in range(len(vectors))),
        documents=tuple(f"d{at}" for at in range(len(vectors))), vectors=vectors.astype(np.float16),
        words=np.empty(0, np.uint32), bounds=np.zeros(len(vectors) + 1, np.int64),
    )  # fmt: skip
