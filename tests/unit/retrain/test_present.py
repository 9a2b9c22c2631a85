"""What is there today is read as it is."""

import pytest
from doubles.promotion_world import TwoEncoders, World

from rag.errors import NotReady
from retrain.present import Present


@pytest.fixture
def present(world: World) -> Present:
    """What is present in the company."""
    return Present(
        tenant="default",
        documents=world.stores.documents,
        releases=world.stores.releases,
        encoders=world.encoders,
        cache=world.cache,
        scratch=world.scratch,
    )


def test_before_anything_is_live_that_is_said(present: Present) -> None:
    """Nothing to improve is an error with what to do."""
    with pytest.raises(NotReady, match="start `whetstone serve` once"):
        present.live()


def test_the_live_release_is_tried_over_the_corpus(
    present: Present, world: World, two_encoders: TwoEncoders
) -> None:
    """Every passage of the tenant is in the corpus, and asked there the live release finds what it finds serving."""
    first = world.found(two_encoders.first, documents=30)

    corpus = present.corpus()
    with present.trial_indexes(corpus) as on:
        ranked = on.of(present.cast(present.live())).rank(["parental leave after birth"], limit=5)

    assert first == present.live()
    assert {document.id for document in present.all_documents()} == {p.document_id for p in corpus}
    assert len(corpus) == 30
    with world.serving() as live:
        assert world.ask(live, "parental leave after birth")[2] == ranked[0]
