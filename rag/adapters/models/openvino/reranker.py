"""A cross-encoder's export, run by OpenVINO: no torch. Knows nothing of where artefacts come from."""

from collections.abc import Sequence
from pathlib import Path

from rag.adapters.models.openvino.model import OpenVinoModel, Rows, tokenizer


class OpenVinoReranker:
    """An exported cross-encoder as a `Reranker`. May be shared by threads."""

    digest: str

    def __init__(
        self,
        folder: Path,
        *,
        digest: str,
        threads: int | None = None,
        batch: int = 32,
    ) -> None:
        """Load the checked export in `folder`; arguments as for `OpenVinoEncoder`."""
        self._model = OpenVinoModel(folder, precision="f32", threads=threads, batch=batch)
        self._tokenizer = tokenizer(folder)
        self.digest = digest

    def scores(self, question: str, passages: Sequence[str]) -> Rows:
        """Judge each passage beside the question: the model's logits, shape (len(passages),).

        What is too long for the model is cut from the longer of the two.
        """
        pairs = [(question, passage) for passage in passages]
        return self._model.rows(self._tokenizer.encode_batch(pairs))[:, 0]
