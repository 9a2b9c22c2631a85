"""A model card travels with the artefact, and says nothing that people asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.adapters.models.encoders import EncoderFolder
from rag.errors import ArtefactTampered
from rag.ports import Encoder
from retrain.domain import (
    Answers,
    Bar,
    Candidate,
    Dataset,
    Difference,
    Estimate,
    EvalQuestion,
    MetricRow,
    Origin,
    Outcome,
    Received,
    Scorecard,
    Slice,
    TrainingPair,
    TrainingReport,
    Verdict,
)
from retrain.verdict.card import model_card

SECRET = "Where does Ann Example keep her keys?"


def _card(digest: str, lane: str = "static") -> str:
    pair = TrainingPair(
        question=SECRET,
        passage_id="p",
        document_id="d",
        passage_text=SECRET,
        origin=Origin.LOG,
        principal="ann",
    )
    asked = EvalQuestion(
        id="q", text=SECRET, relevant=frozenset("p"), documents=frozenset("d"), origin=Origin.LOG
    )
    dataset = Dataset(train=(pair, pair), dev=(), gate=(asked,), manifest={})
    half = Estimate(value=0.5, low=0.4, high=0.6)
    gain = Difference(value=0.05, low=0.03, high=0.07, p_value=0.001)
    row = MetricRow(metric="recall@10", incumbent=half, candidate=half, difference=gain)
    candidate = Candidate(
        id="c1",
        tenant="default",
        encoder=digest,
        release="r",
        incumbent="i",
        dataset=dataset.digest,
        training=TrainingReport(
            lane=lane,
            pairs=2,
            steps=3,
            epochs=1.0,
            seconds=61.0,
            best_dev=0.5,
            history=(),
            settings={"seed": 17},
        ),
        scorecard=Scorecard(
            dataset=dataset.digest,
            incumbent="a",
            candidate=digest,
            questions=1,
            passages=9,
            overall=(row,),
            slices=tuple(
                Slice(name=name, questions=7, rows=(row,))
                for name in ("robustness", "topic=0 ann example keys")
            ),
            answers=Answers(
                questions=400,
                unanswerable=390,
                rows=tuple(replace(row, metric=str(share)) for share in Received),
                incumbent=Bar(threshold=0.5),
                candidate=Bar(threshold=0.5, questions=380, passages=9),
            ),
        ),
        verdict=Verdict(outcome=Outcome.PROMOTE, reasons=(f"Because of {SECRET}",)),
    )
    return model_card(candidate, dataset, base="b" * 64)


def test_the_card_names_lineage_data_scores_and_cost_and_no_question() -> None:
    """Digests, counts by origin, settings, scores and seconds are there; texts and people are not."""
    text = _card("e" * 64)

    for expected in ("e" * 64, f"base_model: {'b' * 64}", "| log | 2 | 0 | 1 |", '"seed": 17', "61 s"):
        assert expected in text
    assert "| recall@10 | 50.0 % | 50.0 % | +5.0 (+3.0 to +7.0) |" in text
    assert "| the questions in other words (7) | 50.0 % | 50.0 % | +5.0 (+3.0 to +7.0) |" in text
    assert "topic" not in text
    assert "Ann" not in text
    assert "ann" not in text.split()
    assert "query-side adapter" not in text


def test_the_card_says_what_people_get_of_both() -> None:
    """The shares beside the incumbent's, and from which support on each side answers, calibrated with what."""
    text = _card("e" * 64)

    assert "on 400 of the questions, and on 390 with the documents that answer them taken out" in text
    assert "| questions answered from a right passage | 50.0 % | 50.0 % | +5.0 (+3.0 to +7.0) |" in text
    assert "| unanswerable questions refused | 50.0 % | 50.0 % | +5.0 (+3.0 to +7.0) |" in text
    assert "| answered from a support of | 0.50 | 0.50 | |" in text
    assert "| support calibrated with | nothing | 380 questions, 9 passages | |" in text


def test_an_adapters_card_says_which_side_it_changes() -> None:
    """Whoever takes it elsewhere learns that passages have another encoder's vectors."""
    assert "It is a query-side adapter: questions (`encode_query`) go through a matrix" in _card(
        "e" * 64, "adapter"
    )


def test_a_described_artefact_keeps_its_digest_and_is_anybodys_model(
    encoder_store: EncoderFolder, static_digest: str, static_encoder: Encoder, tmp_path: Path
) -> None:
    """The folder with its card passes every check and gives the same vectors in plain sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    store = EncoderFolder(tmp_path / "encoders")
    digest = store.register(encoder_store.path(static_digest))
    store.describe(digest, _card(digest))
    texts = ["What is a passport?", "Where is the spare part?"]

    model: Any = SentenceTransformer(str(store.path(digest)), device="cpu", local_files_only=True)

    assert store.register(store.path(digest)) == digest == static_digest
    store.load(digest)
    np.testing.assert_allclose(
        model.encode_query(texts, normalize_embeddings=True), static_encoder.encode_queries(texts), atol=1e-5
    )


def test_a_card_that_is_a_link_is_refused(
    encoder_store: EncoderFolder, static_digest: str, tmp_path: Path
) -> None:
    """Nothing outside the folder becomes part of it."""
    store = EncoderFolder(tmp_path / "encoders")
    digest = store.register(encoder_store.path(static_digest))
    (store.path(digest) / "README.md").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ArtefactTampered, match=r"README\.md is a link"):
        EncoderFolder(tmp_path / "encoders").load(digest)
