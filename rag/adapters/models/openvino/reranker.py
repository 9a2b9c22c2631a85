"""A cross-encoder's export, run by OpenVINO: no torch."""

from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from rag.adapters.models.openvino.model import OpenVinoModel, Rows, tokenizer
from rag.ports import Reranker
from rag.text.forms import plain


class OpenVinoReranker(Reranker):
    """An exported cross-encoder as a `Reranker`. May be shared by threads."""

    def __init__(self, folder: Path, *, digest: str, threads: int | None = None, batch: int = 32) -> None:
        """Load the checked export in `folder`; the other arguments are `OpenVinoModel`'s."""
        self._model = OpenVinoModel(folder, precision="f32", threads=threads, batch=batch)
        self._tokenizer = tokenizer(folder)
        self.digest = digest

    @override
    def scores(self, question: str, passages: Sequence[str]) -> Rows:
        """Return the model's logits; what is too long for the model is cut from the longer of the two."""
        pairs = [(plain(question), plain(passage)) for passage in passages]
        return self._model.rows(self._tokenizer.encode_batch(pairs))[:, 0]
