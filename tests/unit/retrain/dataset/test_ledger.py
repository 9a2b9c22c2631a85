"""Splits that share nothing."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.domain import Document, Passage
from rag.errors import IntegrityError
from retrain.dataset.documents import mine_documents
from retrain.dataset.leaks import leak_report
from retrain.dataset.ledger import build_dataset
from retrain.dataset.wording import normal
from retrain.domain import Dataset, EvalQuestion, Origin, TrainingPair

_SHARES: dict[str, Any] = {"dev_share": 0.2, "gate_share": 0.3, "gate_min": 5, "seed": 17}


def _pair(document: str, question: str, origin: Origin = Origin.LOG, **more: str) -> TrainingPair:
    return TrainingPair(
        question=question,
        passage_id=f"{document}-0",
        document_id=document,
        passage_text=f"text of {document}",
        origin=origin,
        **more,
    )


def _labelled(name: str, *documents: str) -> EvalQuestion:
    return EvalQuestion(
        id=name,
        text=f"labelled question {name}",
        relevant=frozenset(f"{document}-0" for document in documents),
        documents=frozenset(documents),
        origin=Origin.LABEL,
    )


def _texts(*documents: str) -> dict[str, str]:
    return {
        document: " ".join(random.Random(document).choices([f"w{n}" for n in range(500)], k=60))
        for document in documents
    }


def _documents(dataset: Dataset) -> list[set[str]]:
    return [
        {pair.document_id for pair in dataset.train},
        {document for question in dataset.dev for document in question.documents},
        {document for question in dataset.gate for document in question.documents},
    ]


_NAMES = [f"d{n}" for n in range(12)]
_PAIRS = st.lists(
    st.builds(
        _pair,
        st.sampled_from(_NAMES),
        st.sampled_from([f"question {n}" for n in range(15)] + ["Question 1?", "QUESTION  2"]),
        st.sampled_from(Origin),
    ),
    max_size=50,
)
_LABELS = st.lists(
    st.builds(_labelled, st.sampled_from("abcd"), st.sampled_from(_NAMES), st.sampled_from(_NAMES)),
    max_size=4,
)


@given(_PAIRS, _LABELS, st.integers(0, 5), st.integers(0, 1_000))
@settings(deadline=None, max_examples=50)
def test_splits_share_nothing(
    pairs: list[TrainingPair], labels: list[EvalQuestion], twins: int, seed: int
) -> None:
    """Whatever was mined, with copies among the documents: no document, question or copy is in two splits."""
    texts = _texts(*_NAMES)
    for n in range(twins):
        texts[f"d{n + 6}"] = texts[f"d{n}"] + " and more"
    dataset = build_dataset(pairs, labels, texts=texts, golden=["Question 3"], **{**_SHARES, "seed": seed})
    train, dev, gate = _documents(dataset)
    assert not (train & dev or train & gate or dev & gate)
    for n in range(twins):
        assert sum(bool({f"d{n}", f"d{n + 6}"} & split) for split in (train, dev, gate)) <= 1
    asked = {normal(q.text) for q in (*dataset.dev, *dataset.gate)}
    assert not asked & {normal(pair.question) for pair in dataset.train}
    assert "question 3" not in asked | {normal(pair.question) for pair in dataset.train}
    assert not train & {document for question in labels for document in question.documents}
    assert all(question.origin is not Origin.PARAPHRASE for question in (*dataset.dev, *dataset.gate))
    assert leak_report(dataset, texts=texts, golden=["Question 3"]) == []


@given(_PAIRS, _LABELS, st.randoms())
@settings(deadline=None, max_examples=20)
def test_the_same_things_give_the_same_digest(
    pairs: list[TrainingPair], labels: list[EvalQuestion], chance: random.Random
) -> None:
    """A dataset is a function of what went in."""
    texts = _texts(*_NAMES)
    one = build_dataset(pairs, labels, texts=texts, **_SHARES)
    shuffled = list(texts.items())
    chance.shuffle(shuffled)
    assert one.digest == build_dataset(pairs, labels, texts=dict(shuffled), **_SHARES).digest


def test_a_document_stays_in_its_split_when_others_come() -> None:
    """More documents do not move those that were there."""
    names = [f"d{n}" for n in range(60)]
    pairs = [_pair(name, f"question about {name}") for name in names]
    few = build_dataset(pairs[:30], [], texts=_texts(*names[:30]), **_SHARES)
    many = build_dataset(pairs, [], texts=_texts(*names), **_SHARES)
    for before, after in zip(_documents(few), _documents(many), strict=True):
        assert before <= after


def test_shares_are_roughly_kept() -> None:
    """Of many documents, each split gets about its share."""
    names = [f"d{n}" for n in range(400)]
    dataset = build_dataset(
        [_pair(name, f"question about {name}") for name in names], [], texts=_texts(*names), **_SHARES
    )
    train, dev, gate = (len(split) for split in _documents(dataset))
    assert train + dev + gate == 400
    assert 50 < dev < 110
    assert 85 < gate < 155


def test_what_is_mined_first_is_not_what_is_held_back() -> None:
    """Mining takes documents by a hash as well; the split must not depend on it, or little would be left to train."""
    documents = [
        Document.create(
            uri=f"d{i}", title=f"all about number {i}", text=f"{i} is the number that follows {i - 1}"
        )
        for i in range(600)
    ]
    passages = {d.id: [Passage.create(d, 0, d.text)] for d in documents}
    mined = mine_documents(documents, lambda ids: {i: passages[i] for i in ids}, limit=100, seed=17).pairs

    dataset = build_dataset(
        mined, [], texts=_texts(*passages), dev_share=0.1, gate_share=0.2, gate_min=10, seed=17
    )

    assert len(mined) == 100
    assert 55 <= len(dataset.train) <= 85


def test_labelled_documents_go_to_dev_and_gate_by_halves() -> None:
    """Documents with labelled questions never train, whatever the shares."""
    names = [f"d{n}" for n in range(200)]
    labels = [_labelled(name, name) for name in names]
    pairs = [_pair(name, f"question about {name}", Origin.DOCUMENT) for name in names]
    dataset = build_dataset(
        pairs, labels, texts=_texts(*names), **{**_SHARES, "dev_share": 0, "gate_share": 0}
    )
    assert dataset.train == ()
    assert len(dataset.dev) + len(dataset.gate) == 200
    assert 70 < len(dataset.gate) < 130


def test_the_gate_asks_what_people_asked_where_that_is_enough() -> None:
    """With enough of people's questions, titles do not judge; with too few they do, and the manifest says so."""
    names = [f"d{n}" for n in range(60)]
    pairs = [_pair(name, f"asked about {name}") for name in names]
    pairs += [_pair(name, f"title of {name}", Origin.DOCUMENT) for name in names]
    enough = build_dataset(pairs, [], texts=_texts(*names), **_SHARES)
    too_few = build_dataset(pairs, [], texts=_texts(*names), **{**_SHARES, "gate_min": 1_000})
    assert {question.origin for question in enough.gate} == {Origin.LOG}
    assert enough.manifest["gate_origins"].startswith("people's questions alone")
    assert {question.origin for question in too_few.gate} == {Origin.LOG, Origin.DOCUMENT}
    assert "language model" in too_few.manifest["gate_origins"]


def test_a_question_with_two_answers_is_one_question() -> None:
    """Its documents go together, and either answer is right."""
    pairs = [_pair("a", "How much is it?"), _pair("b", "how much is it")]
    dataset = build_dataset(pairs, [], texts=_texts("a", "b"), **{**_SHARES, "gate_share": 1.0})
    assert [(q.text, q.relevant) for q in dataset.gate] == [("How much is it?", frozenset({"a-0", "b-0"}))]


def test_golden_questions_and_their_paraphrases_stay_out() -> None:
    """Their documents may train, in other words than theirs."""
    pairs = [
        _pair("a", "What is WATCHED?"),
        _pair("a", "other words for it", Origin.PARAPHRASE, parent="what is watched"),
        _pair("a", "Something else about it"),
    ]
    dataset = build_dataset(
        pairs,
        [],
        texts=_texts("a"),
        golden=["what is watched"],
        **{**_SHARES, "gate_share": 0, "dev_share": 0},
    )
    assert [pair.question for pair in dataset.train] == ["Something else about it"]
    assert dataset.manifest["dropped"] == {"a golden question": 2}


def test_the_manifest_counts_and_can_be_written_down() -> None:
    """Counts by split and origin, JSON throughout, no leaks."""
    names = [f"d{n}" for n in range(40)]
    dataset = build_dataset(
        [_pair(name, f"question about {name}") for name in names], [], texts=_texts(*names), **_SHARES
    )
    manifest = json.loads(json.dumps(dataset.manifest))
    assert manifest["counts"] == {
        "train": {"log": len(dataset.train)},
        "dev": {"log": len(dataset.dev)},
        "gate": {"log": len(dataset.gate)},
    }
    assert manifest["leaks"] == []


def _clean() -> Dataset:
    names = [f"d{n}" for n in range(40)]
    return build_dataset(
        [_pair(name, f"question about {name}") for name in names], [], texts=_texts(*names), **_SHARES
    )


def _with(dataset: Dataset, **parts: object) -> Dataset:
    return replace(dataset, **parts)  # type: ignore[arg-type]  # parts of a dataset


def test_planted_leaks_are_found() -> None:
    """Each kind of leak, planted in a clean dataset, is reported."""
    clean = _clean()
    gate, dev, train = clean.gate[0], clean.dev[0], clean.train[0]
    (held_document,) = gate.documents
    planted = {
        "is in train and gate": _with(
            clean, train=(*clean.train, _pair(held_document, "a question that nobody asked"))
        ),
        "Question 'question about": _with(
            clean, train=(*clean.train, replace(train, question=gate.text.upper()))
        ),
        "is in dev and gate": _with(clean, dev=(*clean.dev, gate)),
        "is a paraphrase of a held-back question": _with(
            clean, train=(*clean.train, replace(train, question="in other words", parent=dev.text))
        ),
        "judges and is a paraphrase": _with(
            clean, gate=(*clean.gate[1:], replace(gate, origin=Origin.PARAPHRASE))
        ),
    }
    for words, dataset in planted.items():
        assert any(words in leak for leak in leak_report(dataset)), words
    assert leak_report(clean, golden=[gate.text.upper()]) == [
        f"Golden question {normal(gate.text)!r} is in gate."
    ]


def test_a_copy_in_another_split_is_found() -> None:
    """A training document that is nearly a held-back one is reported, given the texts."""
    clean = _clean()
    (held_document,) = clean.gate[0].documents
    texts = _texts(*(f"d{n}" for n in range(40)))
    texts[clean.train[0].document_id] = texts[held_document] + " changed"
    (leak,) = leak_report(clean, texts=texts)
    assert leak.endswith("are in gate and train.")


def test_a_leak_stops_the_build() -> None:
    """What must not judge and comes as a label all the same is found by the check, and nothing is given."""
    reworded = replace(_labelled("a", "d0"), origin=Origin.PARAPHRASE)
    with pytest.raises(IntegrityError, match="must share nothing; 1 leaks"):
        build_dataset([], [reworded], texts=_texts("d0"), **_SHARES)


def test_labels_without_documents_judge_nothing() -> None:
    """A question that no document answers is left out and counted."""
    dataset = build_dataset([], [_labelled("a")], texts={}, **_SHARES)
    assert (dataset.dev, dataset.gate) == ((), ())
    assert dataset.manifest["dropped"] == {"no document answers it": 1}
