"""The transformer lane on a tiny transformer: gradients, the cache, low-rank changes, what is left behind."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rag.ports import EncoderStore
from retrain.adapters.training.loop import Loop
from retrain.adapters.training.transformer_lane import TransformerLane
from retrain.domain import Origin, TrainingPair
from retrain.training.batches import Batch, epoch
from retrain.training.material import Material, lay_out
from retrain.training.neighbours import neighbours
from retrain.training.recipe import TransformerRecipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_RECIPE = TransformerRecipe(
    lane="transformer",
    seed=3,
    epochs=1,
    batch_size=8,
    learning_rate=1e-3,
    scale=20.0,
    hard_negatives=0,
    negative_margin=0.95,
    eval_steps=50,
    save_steps=50,
    max_steps=-1,
    patience=5,
    matryoshka=(),
    max_length=32,
    symmetric=False,
    retention=0.0,
    lora_rank=0,
    tokens_at_once=10_000,
    precision="float32",
)
_SUBJECTS = ("visa", "passport", "hospital", "school", "tax", "pension", "harbour", "library")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder_store: EncoderStore, minilm_digest: str) -> Path:
    """Save two layers of width 32 at random weights, with MiniLM's tokeniser."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(5)
    backbone = tmp_path_factory.mktemp("backbone")
    tokenizer = AutoTokenizer.from_pretrained(str(encoder_store.path(minilm_digest)))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(str(backbone))
    tokenizer.save_pretrained(str(backbone))
    transformer = Transformer(str(backbone))
    model = SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension())],
        device="cpu",
        prompts={"query": "query: "},
    )
    model.max_seq_length = 64
    saved = tmp_path_factory.mktemp("tiny")
    model.save_pretrained(str(saved), create_model_card=False)
    return saved


@pytest.fixture
def model(folder: Path) -> Iterator["SentenceTransformer"]:
    """Load it."""
    from sentence_transformers import SentenceTransformer

    yield SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def material() -> Material:
    """Return a question and a passage of another length for each subject."""
    return lay_out(
        [
            TrainingPair(
                question=f"How do I get to the {subject}?",
                passage_id=subject,
                document_id=subject,
                passage_text=f"About the {subject}. " + "It is open from Monday to Friday. " * (at % 4),
                origin=Origin.LABEL,
            )
            for at, subject in enumerate(_SUBJECTS)
        ]
    )


def _lane(model: "SentenceTransformer", material: Material, **changed: Any) -> TransformerLane:
    return TransformerLane(model, material, [], [], replace(_RECIPE, **changed))


def _batch(material: Material) -> Batch:
    return next(epoch(material, size=len(_SUBJECTS), nearest=neighbours(material), seed=1))


def _gradients(lane: TransformerLane) -> dict[str, np.ndarray[Any, Any]]:
    return {
        name: weight.grad.numpy().copy() for name, weight in lane.weights().items() if weight.grad is not None
    }


@pytest.mark.parametrize(
    "changed", [{}, {"symmetric": True, "matryoshka": (8, 16)}, {"lora_rank": 2}, {"retention": 2.0}]
)
def test_the_gradient_cache_changes_nothing(
    folder: Path, material: Material, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that goes through in pieces has the loss and the gradients of one that goes through whole."""
    from sentence_transformers import SentenceTransformer

    monkeypatch.setattr("retrain.adapters.training.reading.CHUNK", 3)
    found = []
    for tokens in (10_000, 1):
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        lane = _lane(model, material, tokens_at_once=tokens, **changed)
        if changed:
            # At the start nothing has moved, and one of a change's two factors is 0: some gradients would be 0.
            lane.gradients(_batch(material))
            lane.optimiser.step()
            lane.optimiser.zero_grad()
        found.append((lane.gradients(_batch(material)), _gradients(lane)))
    (loss, whole), (cached_loss, cached) = found
    assert loss == pytest.approx(cached_loss, rel=1e-5)
    assert whole.keys() == cached.keys()
    for name, gradient in whole.items():
        np.testing.assert_allclose(gradient, cached[name], atol=1e-5, err_msg=name)
    assert max(np.abs(gradient).max() for gradient in whole.values()) > 1e-3


def test_vectors_are_those_of_the_model(model: "SentenceTransformer", material: Material) -> None:
    """Chunks and sorting leave each text its own vector, in its place, with the model's prompts."""
    questions, passages = _lane(model, material).vectors()
    for expected, actual in (
        (model.encode_query(list(material.questions), normalize_embeddings=True), questions),
        (model.encode_document(list(material.passages), normalize_embeddings=True), passages),
    ):
        np.testing.assert_allclose(expected, actual, atol=1e-5)


def test_steps_teach(model: "SentenceTransformer", material: Material) -> None:
    """The loss falls, and each question's passage becomes its nearest."""
    lane = _lane(model, material)
    losses = []
    for _ in range(30):
        losses.append(lane.gradients(_batch(material)))
        lane.optimiser.step()
        lane.optimiser.zero_grad()
    questions, passages = lane.vectors()
    assert losses[-1] < losses[0] / 2
    assert list(range(len(_SUBJECTS))) == (questions @ passages.T).argmax(axis=1).tolist()


def test_retention_holds_vectors_to_the_incumbent_s(folder: Path, material: Material) -> None:
    """What is held moves less the more it is held, and still learns."""
    from sentence_transformers import SentenceTransformer

    turned, losses = [], []
    for retention in (0.0, 1.0, 30.0):
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        lane = _lane(model, material, retention=retention)
        before = lane.vectors()
        first = lane.gradients(_batch(material))
        for _ in range(10):
            lane.optimiser.step()
            lane.optimiser.zero_grad()
            last = lane.gradients(_batch(material))
        turned.append(np.mean([1 - (a * b).sum(axis=1) for a, b in zip(before, lane.vectors(), strict=True)]))
        losses.append((first, last))
    assert turned[0] > 1.2 * turned[1] > 1.2 * 1.2 * turned[2] > 0
    # Nothing has moved before the first step, so what is held adds nothing to its loss.
    assert [losses[0][0]] * 3 == pytest.approx([first for first, _ in losses], rel=1e-4)
    assert all(last < first for first, last in losses[:2])


class Killed(Exception):
    """The run was killed."""


def test_a_run_that_goes_on_is_held_to_the_same_incumbent(
    folder: Path, material: Material, tmp_path: Path
) -> None:
    """Killed after a checkpoint and started again, a run ends with the weights of one that was not killed."""
    from sentence_transformers import SentenceTransformer

    def ended(work: Path, *, kill_at: int = 0) -> dict[str, np.ndarray[Any, Any]]:
        def progress(done: int, _of: int, _what: str) -> None:
            if done == kill_at:
                raise Killed

        recipe = replace(_RECIPE, retention=1.0, epochs=6, batch_size=4, save_steps=4)
        lane = TransformerLane(
            SentenceTransformer(str(folder), device="cpu", local_files_only=True), material, [], [], recipe
        )
        Loop(lane, material, [], [], recipe, work, progress).run()
        return {name: weight.detach().numpy() for name, weight in lane.weights().items()}

    whole = ended(tmp_path / "whole")
    with pytest.raises(Killed):
        ended(tmp_path / "killed", kill_at=6)
    again = ended(tmp_path / "killed")

    for name, weight in whole.items():
        np.testing.assert_allclose(weight, again[name], atol=1e-5, err_msg=name)


def test_low_rank_changes_start_at_nothing_and_end_as_weights(
    model: "SentenceTransformer", folder: Path, material: Material, tmp_path: Path
) -> None:
    """Attached they change no vector; trained and merged, the saved model gives the vectors that the lane gave."""
    from sentence_transformers import SentenceTransformer

    before = model.encode_query(list(material.questions), normalize_embeddings=True)
    every = sum(weight.numel() for weight in model.parameters())
    lane = _lane(model, material, lora_rank=2, learning_rate=0.05)
    np.testing.assert_allclose(before, lane.vectors()[0], atol=1e-5)
    assert sum(weight.numel() for weight in lane.weights().values()) < every / 100
    for _ in range(3):
        lane.gradients(_batch(material))
        lane.optimiser.step()
        lane.optimiser.zero_grad()
    trained = lane.vectors()[0]
    assert not np.allclose(before, trained, atol=1e-3)

    lane.write()
    model.save_pretrained(str(tmp_path / "saved"), create_model_card=False)

    again = SentenceTransformer(str(tmp_path / "saved"), device="cpu", local_files_only=True)
    parent = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    np.testing.assert_allclose(
        trained, again.encode_query(list(material.questions), normalize_embeddings=True), atol=1e-5
    )
    assert {name: tuple(weight.shape) for name, weight in parent.named_parameters()} == {
        name: tuple(weight.shape) for name, weight in again.named_parameters()
    }


def test_texts_are_cut_in_training_only(model: "SentenceTransformer", material: Material) -> None:
    """What is left behind reads as much as its parent."""
    lane = _lane(model, material, max_length=8)
    assert (8, 8) == (model.max_seq_length, lane._lengths.max())
    lane.write()
    assert 64 == model.max_seq_length


def test_bfloat16_is_near(folder: Path, material: Material) -> None:
    """In half the bits the loss is the same to a few percent, and weights and gradients stay in float32."""
    import torch
    from sentence_transformers import SentenceTransformer

    losses = []
    for precision in ("float32", "bfloat16"):
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        lane = _lane(model, material, precision=precision)
        losses.append(lane.gradients(_batch(material)))
        assert {torch.float32} == {w.grad.dtype for w in lane.weights().values() if w.grad is not None}
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert losses[0] != losses[1]
