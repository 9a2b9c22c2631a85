"""What was embedded a moment ago is not embedded again."""

from collections.abc import Sequence

import numpy as np

from rag.ports import Vectors
from retrain.verdict.remembered import LastVectors, Remembering


class _Counting:
    """An encoder that takes down what it is asked."""

    dimension = 2

    def __init__(self, digest: str, passages_digest: str = "") -> None:
        self.digest = digest
        self.passages_digest = passages_digest or digest
        self.read: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Read."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Read."""
        self.read += texts
        return np.array([[len(text), len(self.passages_digest)] for text in texts], dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count."""
        return [len(text) for text in texts]


def test_each_text_is_embedded_once_and_given_in_order() -> None:
    """Twice in one call and again in the next: read once, and every row is its text's."""
    inner = _Counting("a")
    encoder = Remembering(inner, LastVectors())

    first = encoder.encode_passages(["x", "yy", "x"])
    second = encoder.encode_passages(["zzz", "yy"])

    assert inner.read == ["x", "yy", "zzz"]
    assert first[:, 0].tolist() == [1, 2, 1]
    assert second[:, 0].tolist() == [3, 2]
    assert encoder.encode_passages([]).shape == (0, 2)


def test_encoders_share_what_they_embed_alike() -> None:
    """An adapter's passages have the vectors of the encoder it adapts; another encoder's are its own."""
    kept = LastVectors()
    base, adapter, other = _Counting("a"), _Counting("q", "a"), _Counting("bb")

    results = [Remembering(each, kept).encode_passages(["x"])[0, 1] for each in (base, adapter, other)]

    assert (base.read, adapter.read, other.read) == (["x"], [], ["x"])
    assert results == [1, 1, 2]


def test_questions_are_not_taken_for_passages() -> None:
    """Models embed the two differently."""
    inner = _Counting("a")
    encoder = Remembering(inner, LastVectors())

    encoder.encode_passages(["x"])
    encoder.encode_queries(["x"])

    assert inner.read == ["x", "x"]


def test_only_so_many_are_kept() -> None:
    """What was not used for longest is forgotten first."""
    inner = _Counting("a")
    encoder = Remembering(inner, LastVectors(2))

    for text in ("x", "y", "x", "z", "x", "y"):
        encoder.encode_passages([text])

    assert inner.read == ["x", "y", "z", "y"]
