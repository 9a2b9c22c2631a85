"""The incumbent's vectors of what a run trains on."""

from collections.abc import Sequence

import numpy as np
import pytest

from rag.ports import EncoderStore
from retrain.adapters.training import reading, retention
from retrain.adapters.training.retention import Incumbent
from retrain.domain import Origin, TrainingPair
from retrain.training.batches import Batch
from retrain.training.material import lay_out


def test_each_text_is_read_once_and_by_the_model_as_it_was(
    encoder_store: EncoderStore, minilm_digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows come in the batch's order, whatever was read before; what becomes of the model makes no difference."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder_store.path(minilm_digest)), device="cpu", local_files_only=True)
    material = lay_out(
        [
            TrainingPair(
                question=f"Where is the {name}?",
                passage_id=name,
                document_id=name,
                passage_text=f"The {name} is in the old town.",
                origin=Origin.LABEL,
            )
            for name in ("harbour", "school", "library")
        ]
    )
    expected = model.encode_query(list(material.questions)), model.encode_document(list(material.passages))
    read: list[list[str]] = []

    def counted(of: SentenceTransformer, texts: Sequence[str], *, query: bool) -> "torch.Tensor":
        read.append(list(texts))
        return reading.encode(of, texts, query=query)

    monkeypatch.setattr(retention, "encode", counted)
    incumbent = Incumbent(model, material)
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()

    for rows in ([2, 0], [1, 2]):
        at = np.array(rows)
        masks = np.ones((2, 2), dtype=np.bool_)
        found = incumbent.vectors(Batch(questions=at, passages=at, right=masks, wrong=~masks))
        for vectors, every in zip(found, expected, strict=True):
            np.testing.assert_allclose(vectors.numpy(), every[rows], atol=1e-5)
    assert [len(texts) for texts in read] == [2, 2, 1, 1]
