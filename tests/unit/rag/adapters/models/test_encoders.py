"""The real encoders: shapes, unit length, batches, threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.ports import Encoder

TEXTS = [
    "Set HF_HUB_OFFLINE to keep the process from asking the hub.",
    "A whetstone sharpens knives.",
    "How do I undo the last commit in git?",
    "Water boils at 100 degrees Celsius at sea level, and sooner on a mountain, where the pressure is lower.",
]


@pytest.fixture(params=["static", "minilm"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    """Both lanes in turn."""
    loaded: Encoder = request.getfixturevalue(f"{request.param}_encoder")
    return loaded


def test_rows_are_float32_of_unit_length(encoder: Encoder) -> None:
    """Both sides give (n, dimension) float32 rows of unit length, in the order of the texts."""
    for encode in (encoder.encode_queries, encoder.encode_passages):
        vectors = encode(TEXTS)

        assert ((len(TEXTS), encoder.dimension), np.dtype(np.float32)) == (vectors.shape, vectors.dtype)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.allclose(vectors[1], encode([TEXTS[1]])[0], atol=1e-5)


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    """An empty list is a matrix without rows, and blank or unknown text is no error."""
    assert (0, encoder.dimension) == encoder.encode_passages([]).shape
    assert np.isfinite(encoder.encode_queries(["", " ", "\U0001f5ff"])).all()


def test_a_question_is_nearest_to_its_passage(encoder: Encoder) -> None:
    """Meaning survives: a paraphrase finds its sentence."""
    scores = encoder.encode_queries(["boiling point of water"]) @ encoder.encode_passages(TEXTS).T

    assert 3 == int(scores.argmax())


def test_threads_share_an_encoder(encoder: Encoder) -> None:
    """Many threads at once get what one gets alone."""
    alone = [encoder.encode_queries([text])[0] for text in TEXTS]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: encoder.encode_queries([TEXTS[i % 4]])[0], range(32)))

    assert all(np.allclose(alone[i % 4], vector, atol=1e-5) for i, vector in enumerate(together))
