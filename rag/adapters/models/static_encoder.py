"""A static encoder artefact with NumPy alone: a text's vector is the mean of its tokens' vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from rag.adapters.models.artefacts.layout import WEIGHTS
from rag.adapters.models.artefacts.modules import module_types, prompts
from rag.adapters.models.openvino.model import count_tokens, tokenizer
from rag.ports import Encoder, Vectors
from rag.text.forms import plain

_NUMBERS = {"F16", "F32", "F64", "I8", "U8", "I16", "I32", "I64"}
_TEXTS = 1_000  # tokenised at once; bounds memory


def readable(folder: Path) -> bool:
    """Tell whether the artefact in `folder` is a table and nothing more, in numbers that NumPy knows."""
    from safetensors import safe_open

    kinds = [place.rpartition(".")[2] for place in module_types(folder)]
    if kinds not in (["StaticEmbedding"], ["StaticEmbedding", "Normalize"]):
        return False
    if not (folder / WEIGHTS).is_file():
        return False
    with safe_open(folder / WEIGHTS, framework="numpy") as tensors:
        return all(tensors.get_slice(name).get_dtype() in _NUMBERS for name in tensors.keys())  # noqa: SIM118


class StaticEncoder(Encoder):
    """A table of one vector a token as an `Encoder`. May be shared by threads."""

    def __init__(self, folder: Path, *, digest: str) -> None:
        """Load the checked artefact in `folder`: a sentence-transformers `StaticEmbedding`, normalised or not."""
        self._table = _table(folder / WEIGHTS)
        self._tokenizer = tokenizer(folder)
        self._tokenizer.no_padding()
        if cut := self._tokenizer.truncation:
            # Pieces that overlap would be counted twice.
            self._tokenizer.enable_truncation(**{**cut, "stride": 0})
        self._query_prompt, self._document_prompt = prompts(folder)
        self.digest = self.passages_digest = digest
        self.dimension = self._table.shape[1]

    @override
    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions with the model's query prompt; a text without any token gives zeros: it is like nothing."""
        return self._encode(texts, self._query_prompt)

    @override
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages with the model's document prompt."""
        return self._encode(texts, self._document_prompt)

    @override
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return count_tokens(self._tokenizer, texts)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS):
            some = [prompt + plain(text) for text in texts[start : start + _TEXTS]]
            for row, encoding in enumerate(
                self._tokenizer.encode_batch(some, add_special_tokens=False), start
            ):
                if encoding.ids:
                    vectors[row] = self._table[encoding.ids].mean(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return vectors


def _table(weights: Path) -> NDArray[np.float32]:
    """Return one row a token id, shape (tokens, dimension), from either of the layouts that are in use.

    sentence-transformers keeps `embedding.weight`; model2vec keeps `embeddings`, with a `mapping` of token ids to
    rows and `weights` of tokens where the table was made smaller.
    """
    from safetensors.numpy import load_file

    tensors = load_file(weights)
    if "embedding.weight" in tensors:
        return np.asarray(tensors["embedding.weight"], dtype=np.float32)
    table = np.asarray(tensors["embeddings"], dtype=np.float32)
    if "mapping" in tensors:
        table = table[tensors["mapping"].astype(np.int64)]
    if "weights" in tensors:
        table = table * np.asarray(tensors["weights"], dtype=np.float32)[:, None]
    return table
