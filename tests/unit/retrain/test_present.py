"""What is there today is read as it is."""

import pytest
from doubles.promotion_world import TwoEncoders, World

from rag.errors import NotReady
from rag.releases.deployed import live_release
from retrain.present import Present


def test_before_anything_is_live_that_is_said(world: World) -> None:
    """Nothing to improve is an error with what to do."""
    with pytest.raises(NotReady, match="start `whetstone serve` once"):
        live_release(world.present().releases)


def test_the_live_release_is_tried_over_the_corpus(world: World, two_encoders: TwoEncoders) -> None:
    """Every passage of the tenant is in the corpus, and asked there the live release finds what it finds serving."""
    present: Present = world.present()
    first = world.found(two_encoders.first, documents=30)

    corpus, live_now = present.corpus(), live_release(present.releases)
    with present.trial_indexes(corpus) as on:
        ranked = on.of(present.models.load(live_now)).rank(["parental leave after birth"], limit=5)

    assert first == live_now
    assert {document.id for document in present.all_documents()} == {p.document_id for p in corpus}
    assert len(corpus) == 30
    with world.serving() as live:
        assert world.ask(live, "parental leave after birth")[2] == ranked[0]
