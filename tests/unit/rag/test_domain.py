"""Releases: what names them, and whose index they search."""

from dataclasses import asdict, replace

import pytest

from rag.domain import Chunking, Release, Retrieval

ENCODER, ADAPTER = "e" * 64, "a" * 64
RETRIEVAL = Retrieval(threshold=0.4)
LIVE = Release.create(encoder=ENCODER, dimension=4, chunking=Chunking(), retrieval=RETRIEVAL)


def adapting(retrieval: Retrieval = RETRIEVAL, *, beside: Release | None = LIVE) -> Release:
    """Make a release of an adapter of the encoder."""
    return Release.create(
        encoder=ADAPTER,
        dimension=4,
        chunking=Chunking(),
        retrieval=retrieval,
        passages=ENCODER,
        beside=beside,
    )


def test_releases_made_before_there_were_adapters_keep_their_names() -> None:
    """An ordinary release's digest, and with it its index and vector, are what they always were."""
    assert "6d72ad2a4cc46879e97243bb900bd0708b48e297929037fccc37a3f5454a58b1" == LIVE.digest
    assert (f"whetstone-{LIVE.digest[:16]}", f"encoder-{ENCODER[:16]}") == (LIVE.index_name, LIVE.vector_name)
    same = Release.create(
        encoder=ENCODER,
        dimension=4,
        chunking=Chunking(),
        retrieval=RETRIEVAL,
        passages=ENCODER,
        beside=LIVE,
    )
    assert (LIVE.digest, None, None) == (same.digest, same.adapts, same.shares)


def test_an_adapter_searches_the_index_of_the_release_it_is_made_for() -> None:
    """Same passages, chunking and weights of words: one index, and its vector is named after the adapted encoder."""
    adapter = adapting()

    assert adapter.digest != LIVE.digest
    assert (ADAPTER, ENCODER) == (adapter.encoder, adapter.passages)
    assert (LIVE.index_name, LIVE.vector_name) == (adapter.index_name, adapter.vector_name)


def test_an_adapter_beside_an_adapter_searches_the_first_ones_index() -> None:
    """Adapters that follow each other all name the release that the index was made for."""
    second = Release.create(
        encoder="b" * 64,
        dimension=4,
        chunking=Chunking(),
        retrieval=RETRIEVAL,
        passages=ENCODER,
        beside=adapting(),
    )

    assert (LIVE.digest, LIVE.index_name) == (second.shares, second.index_name)


@pytest.mark.parametrize(
    "retrieval",
    [
        replace(RETRIEVAL, context_weight=0.0),
        replace(RETRIEVAL, language="german"),
        replace(RETRIEVAL, bm25_k1=1.2),
        replace(RETRIEVAL, dense_weight=1.0),
    ],
)
def test_what_shapes_the_index_asks_for_another_one(retrieval: Retrieval) -> None:
    """Other context or other words are other content: the release has an index of its own."""
    assert adapting(retrieval).index_name != LIVE.index_name
    assert adapting(retrieval).digest == adapting().retrieving(retrieval).digest


@pytest.mark.parametrize(
    "retrieval", [replace(RETRIEVAL, threshold=0.1), replace(RETRIEVAL, dense_weight=0.5), Retrieval(top_k=9)]
)
def test_what_only_steers_the_search_shares_the_index(retrieval: Retrieval) -> None:
    """Threshold, depth and the weight of words beside vectors are no part of an index."""
    assert LIVE.index_name == adapting(retrieval).index_name
    assert adapting(retrieval).digest == adapting().retrieving(retrieval).digest


def test_an_adapter_of_another_encoder_has_its_own_index() -> None:
    """Passages embedded otherwise are another index."""
    other = Release.create(encoder="o" * 64, dimension=4, chunking=Chunking(), retrieval=RETRIEVAL)

    assert adapting(beside=other).shares is None
    assert adapting(beside=other).index_name not in (other.index_name, LIVE.index_name)


def releasing(retrieval: Retrieval) -> Release:
    """Make an ordinary release with that retrieval."""
    return Release.create(encoder=ENCODER, dimension=4, chunking=Chunking(), retrieval=retrieval)


_OTHERWISE = {
    "top_k": 9, "threshold": 0.1, "dense_weight": 0.3, "context_weight": 0.9, "neighbours": 3, "context_tokens": 9,
    "language": "german", "bm25_k1": 9.0, "bm25_b": 0.1, "bm25_length": 9.0, "reranker": "r", "rerank_depth": 9,
}  # fmt: skip
_WRITTEN = {"context_weight", "language", "bm25_k1", "bm25_b", "bm25_length"}


@pytest.mark.parametrize("name", sorted(asdict(Retrieval())))
def test_what_is_written_is_told_from_how_it_is_asked(name: str) -> None:
    """Each field of a retrieval is one or the other; a new one has to be given its place here."""
    one = releasing(Retrieval(dense_weight=0.8))
    other = releasing(Retrieval(**{"dense_weight": 0.8} | {name: _OTHERWISE[name]}))  # type: ignore[arg-type]

    assert one.holds(other) is (name not in _WRITTEN)
    assert one.holds(one)


def test_what_belongs_to_another_encoder_or_chunking_is_not_shared() -> None:
    """Other vectors, other passages, or words that are not there, need an index of their own."""
    one = releasing(Retrieval(dense_weight=0.8))
    without = releasing(Retrieval(dense_weight=1.0))

    assert not one.holds(replace(one, encoder=ADAPTER))
    assert not one.holds(replace(one, dimension=7))
    assert not one.holds(replace(one, distance="dot"))
    assert not one.holds(replace(one, chunking=Chunking(max_tokens=7)))
    assert one.holds(without)
    assert not without.holds(one)
