"""The new index has to answer as exact search does."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from doubles import promotion_world
from doubles.promotion_world import TwoEncoders, World

from rag.adapters.qdrant import QdrantFolders
from rag.domain import Document, Passage
from rag.releases.models import LoadedRelease
from retrain.promotion.verification import verify_answers


@pytest.fixture
def built(world: World, two_encoders: TwoEncoders) -> Iterator[Any]:
    """The index of the first release, open."""
    release = world.found(two_encoders.first, dense_weight=1.0, context_weight=0.0)
    index = world.indexes.open(release)
    yield index
    index.close()


@pytest.fixture
def hybrid(world: World, two_encoders: TwoEncoders) -> Iterator[Any]:
    """The index of a release that weighs words and knows context, open."""
    release = world.found(two_encoders.first, dense_weight=0.5, context_weight=0.3)
    index = world.indexes.open(release)
    yield index
    index.close()


def problems(world: World, index: Any, encoder: str, **changes: Any) -> list[str]:
    """Verify the live release with the company's questions, but for what is said."""
    release = world.stores.releases.get(world.deployment().release)
    arguments: dict[str, Any] = {
        "questions": promotion_world.QUESTIONS,
        "loaded": LoadedRelease(release=release, encoder=world.encoders.load(encoder)),
        "index": index,
        "documents": world.stores.documents,
        "cache": world.cache,
        "scratch": world.scratch,
        "tenant": "default",
    }
    return verify_answers(**(arguments | changes))


def test_a_sound_index_of_words_and_context_has_no_problems(
    world: World, hybrid: Any, two_encoders: TwoEncoders
) -> None:
    """A release's whole retrieval answers as its trial does."""
    assert problems(world, hybrid, two_encoders.first) == []
    assert problems(world, hybrid, two_encoders.first, limit=1) == []


def test_another_rule_of_words_is_a_problem(
    world: World, hybrid: Any, two_encoders: TwoEncoders, tmp_path: Path
) -> None:
    """An index whose vectors are right but whose words are not does not answer as it was tried out."""
    release = world.stores.releases.get(world.deployment().release)
    passages = [passage for batch in world.stores.documents.all_passages() for passage in batch]
    vectors = hybrid.vectors([passage.id for passage in passages])
    wrong = QdrantFolders(tmp_path).open(release, create=True)
    # Another passage's words under each id: what a writer with another tokeniser would leave, at its worst.
    texts = [passage.text for passage in passages]
    swapped = [
        replace(p, text=text, title="") for p, text in zip(passages, texts[1:] + texts[:1], strict=True)
    ]
    wrong.upsert(swapped, np.stack([vectors[passage.id] for passage in passages]))

    found = problems(world, wrong, two_encoders.first, limit=3)
    wrong.close()

    assert found[0].endswith("passages are found as in the trial (95% are needed).")
    assert "passages that the trial finds were found" in found[1]


def test_a_sound_index_has_no_problems(world: World, built: Any, two_encoders: TwoEncoders) -> None:
    """What was built right answers as exact search does, whatever the number of passages asked for."""
    assert problems(world, built, two_encoders.first) == []
    assert problems(world, built, two_encoders.first, limit=1) == []
    assert problems(world, built, two_encoders.first, limit=1_000) == []
    assert problems(world, built, two_encoders.first, questions=[]) == []


def test_passages_of_another_tenant_are_not_expected(
    world: World, built: Any, two_encoders: TwoEncoders
) -> None:
    """Only the tenant's passages count."""
    assert problems(world, built, two_encoders.first, tenant="nobody") == []


def test_equal_passages_may_come_in_any_order(world: World, two_encoders: TwoEncoders) -> None:
    """Twenty copies of one text tie; whichever ten are found are right."""
    for number in range(20):
        copy = Document.create(uri=f"file:///copy/{number}", text="The very same text about holidays.")
        world.stores.documents.put(copy, [Passage.create(copy, 0, copy.text)], "any")
    release = world.found(two_encoders.first, documents=5)
    index = world.indexes.open(release)
    try:
        assert problems(world, index, two_encoders.first, questions=["holidays?"]) == []
    finally:
        index.close()


def test_passages_that_cannot_be_found_are_a_problem(
    world: World, built: Any, two_encoders: TwoEncoders
) -> None:
    """Where passages are missing from the index, the questions that they answer are named."""
    gone = [document for batch in world.stores.documents.all_passages() for document in batch][:20]
    built.delete_documents({passage.document_id for passage in gone})

    found = problems(world, built, two_encoders.first)

    assert found[0].startswith("Only ")
    assert found[0].endswith("of 100 passages are found as in exact search (99% are needed).")
    assert "passages that exact search finds were found" in found[1]


def test_wrong_vectors_are_a_problem(world: World, built: Any, two_encoders: TwoEncoders) -> None:
    """Where the passages are all there under wrong vectors, other ones are found."""
    passages = [passage for batch in world.stores.documents.all_passages() for passage in batch]
    vectors = np.stack(list(built.vectors([passage.id for passage in passages]).values()))
    built.upsert(passages, vectors[::-1].copy())

    assert problems(world, built, two_encoders.first) != []
