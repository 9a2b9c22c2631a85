"""A passage's vector is that of the form its text has."""

from pathlib import Path

import numpy as np
import pytest

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.domain import Document, Passage
from rag.ports import Encoder
from rag.releases.vectors import Embedder


def passage(text: str) -> Passage:
    """Return a passage of this text."""
    return Passage.create(Document.create(uri="a", text=text), 0, text)


@pytest.mark.parametrize(
    ("written", "form"),
    [("The oﬃce ﬁles it", "The office files it"), ("a “ﬂood” – of\u00a0wa\u00adter", 'a "flood" - of water')],
)
def test_forms_of_a_text_share_a_vector(
    static_encoder: Encoder, tmp_path: Path, written: str, form: str
) -> None:
    """For passages and questions; the passage itself keeps its text, and the cache knows one of them."""
    embedder = Embedder(static_encoder, SqliteEmbeddingCache(tmp_path / "cache.sqlite"))

    one, other = passage(written), passage(form)
    vectors = embedder.passages([one, other])

    assert one.text == written
    assert one.text_hash != other.text_hash
    assert np.array_equal(vectors[0], vectors[1])
    assert np.array_equal(*static_encoder.encode_queries([written, form]))


def test_an_older_vector_of_another_form_is_not_taken(static_encoder: Encoder, tmp_path: Path) -> None:
    """A cache may hold what an encoder once made of a text as it stood; one of plain text is still taken."""
    cache = SqliteEmbeddingCache(tmp_path / "cache.sqlite")
    odd, usual = passage("The oﬃce ﬁles it"), passage("The office opens")
    stale = np.zeros((2, static_encoder.dimension), dtype=np.float32)
    stale[:, 0] = 1
    cache.put(static_encoder.passages_digest, [odd.text_hash, usual.text_hash], stale)

    vectors = Embedder(static_encoder, cache).passages([odd, usual])

    assert np.allclose(vectors[0], static_encoder.encode_passages(["The office files it"])[0])
    assert np.array_equal(vectors[1], stale[1])
