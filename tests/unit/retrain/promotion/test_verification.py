"""The new index has to answer as exact search does."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from rag.domain import Document, Passage
from rag.indexing import Embedder
from retrain.verification import verify_answers


@pytest.fixture
def built(world: Any, two_encoders: Any) -> Iterator[Any]:
    """The index of the first release, open."""
    release = world.found(two_encoders.first)
    index = world.indexes.open(release)
    yield index
    index.close()


def problems(world: Any, index: Any, encoder: str, **changes: Any) -> list[str]:
    """Verify with the company's questions, but for what is said."""
    loaded = world.encoders.load(encoder)
    arguments: dict[str, Any] = {
        "questions": sys.modules["doubles.promotion_world"].QUESTIONS,
        "encoder": loaded,
        "embedder": Embedder(loaded, world.cache),
        "index": index,
        "documents": world.stores.documents,
        "tenant": "default",
    }
    return verify_answers(**(arguments | changes))


def test_a_sound_index_has_no_problems(world: Any, built: Any, two_encoders: Any) -> None:
    """What was built right answers as exact search does, whatever the number of passages asked for."""
    assert problems(world, built, two_encoders.first) == []
    assert problems(world, built, two_encoders.first, limit=1) == []
    assert problems(world, built, two_encoders.first, limit=1_000) == []
    assert problems(world, built, two_encoders.first, questions=[]) == []


def test_passages_of_another_tenant_are_not_expected(world: Any, built: Any, two_encoders: Any) -> None:
    """Only the tenant's passages count."""
    assert problems(world, built, two_encoders.first, tenant="nobody") == []


def test_equal_passages_may_come_in_any_order(world: Any, two_encoders: Any) -> None:
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


def test_passages_that_cannot_be_found_are_a_problem(world: Any, built: Any, two_encoders: Any) -> None:
    """Where passages are missing from the index, the questions that they answer are named."""
    gone = [document for batch in world.stores.documents.all_passages() for document in batch][:20]
    built.delete_documents({passage.document_id for passage in gone})

    found = problems(world, built, two_encoders.first)

    assert found[0].startswith("Only ")
    assert found[0].endswith("of 100 passages are found as in exact search (99% are needed).")
    assert "passages that exact search finds were found" in found[1]


def test_wrong_vectors_are_a_problem(world: Any, built: Any, two_encoders: Any) -> None:
    """Where the passages are all there under wrong vectors, other ones are found."""
    passages = [passage for batch in world.stores.documents.all_passages() for passage in batch]
    vectors = np.stack(list(built.vectors([passage.id for passage in passages]).values()))
    built.upsert(passages, vectors[::-1].copy())

    assert problems(world, built, two_encoders.first) != []
