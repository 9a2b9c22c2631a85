"""Splits that share nothing."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.domain import Document, Passage, digest_of
from rag.errors import IntegrityError
from rag.text.wording import normal
from retrain.dataset.leaks import leak_report
from retrain.dataset.ledger import Splitting, build_dataset
from retrain.dataset.sources.documents import mine_documents
from retrain.domain import Dataset, EvalQuestion, Origin, TrainingPair

_SHARES = Splitting(dev_share=0.2, gate_share=0.3, gate_min=5, seed=17)


def _pair(document: str, question: str, origin: Origin = Origin.LOG, **more: Any) -> TrainingPair:
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
    dataset = build_dataset(
        pairs, labels, texts=texts, golden=["Question 3"], splitting=replace(_SHARES, seed=seed)
    )
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
    one = build_dataset(pairs, labels, texts=texts, splitting=_SHARES)
    shuffled = list(texts.items())
    chance.shuffle(shuffled)
    assert one.digest == build_dataset(pairs, labels, texts=dict(shuffled), splitting=_SHARES).digest


def test_a_document_stays_in_its_split_when_others_come() -> None:
    """More documents do not move those that were there."""
    names = [f"d{n}" for n in range(60)]
    pairs = [_pair(name, f"question about {name}") for name in names]
    few = build_dataset(pairs[:30], [], texts=_texts(*names[:30]), splitting=_SHARES)
    many = build_dataset(pairs, [], texts=_texts(*names), splitting=_SHARES)
    for before, after in zip(_documents(few), _documents(many), strict=True):
        assert before <= after


def test_shares_are_roughly_kept() -> None:
    """Of many documents, each split gets about its share."""
    names = [f"d{n}" for n in range(400)]
    dataset = build_dataset(
        [_pair(name, f"question about {name}") for name in names], [], texts=_texts(*names), splitting=_SHARES
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
        mined,
        [],
        texts=_texts(*passages),
        splitting=Splitting(dev_share=0.1, gate_share=0.2, gate_min=10, seed=17),
    )

    assert len(mined) == 100
    assert 55 <= len(dataset.train) <= 85


def test_labelled_documents_go_to_dev_and_gate_by_halves() -> None:
    """Documents with labelled questions never train, whatever the shares."""
    names = [f"d{n}" for n in range(200)]
    labels = [_labelled(name, name) for name in names]
    pairs = [_pair(name, f"question about {name}", Origin.DOCUMENT) for name in names]
    dataset = build_dataset(
        pairs, labels, texts=_texts(*names), splitting=replace(_SHARES, dev_share=0, gate_share=0)
    )
    assert dataset.train == ()
    assert len(dataset.dev) + len(dataset.gate) == 200
    assert 70 < len(dataset.gate) < 130


def test_the_gate_asks_what_people_asked_where_that_is_enough() -> None:
    """With enough of people's questions, titles do not judge; with too few they do, and the manifest says so."""
    names = [f"d{n}" for n in range(60)]
    pairs = [_pair(name, f"asked about {name}") for name in names]
    pairs += [_pair(name, f"title of {name}", Origin.DOCUMENT) for name in names]
    enough = build_dataset(pairs, [], texts=_texts(*names), splitting=_SHARES)
    too_few = build_dataset(pairs, [], texts=_texts(*names), splitting=replace(_SHARES, gate_min=1_000))
    assert {question.origin for question in enough.gate} == {Origin.LOG}
    assert enough.manifest["gate_origins"].startswith("people's questions alone")
    assert {question.origin for question in too_few.gate} == {Origin.LOG, Origin.DOCUMENT}
    assert "language model" in too_few.manifest["gate_origins"]


def test_a_question_with_two_answers_is_one_question() -> None:
    """Its documents go together, and either answer is right."""
    pairs = [_pair("a", "How much is it?"), _pair("b", "how much is it")]
    dataset = build_dataset(pairs, [], texts=_texts("a", "b"), splitting=replace(_SHARES, gate_share=1.0))
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
        splitting=replace(_SHARES, gate_share=0, dev_share=0),
    )
    assert [pair.question for pair in dataset.train] == ["Something else about it"]
    assert dataset.manifest["dropped"] == {"a golden question": 2}


def test_the_manifest_counts_and_can_be_written_down() -> None:
    """Counts by split and origin, JSON throughout, no leaks."""
    names = [f"d{n}" for n in range(40)]
    dataset = build_dataset(
        [_pair(name, f"question about {name}") for name in names], [], texts=_texts(*names), splitting=_SHARES
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
        [_pair(name, f"question about {name}") for name in names], [], texts=_texts(*names), splitting=_SHARES
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
        build_dataset([], [reworded], texts=_texts("d0"), splitting=_SHARES)


def test_labels_without_documents_judge_nothing() -> None:
    """A question that no document answers is left out and counted."""
    dataset = build_dataset([], [_labelled("a")], texts={}, splitting=_SHARES)
    assert (dataset.dev, dataset.gate) == ((), ())
    assert dataset.manifest["dropped"] == {"no document answers it": 1}


def test_nearly_the_same_question_of_a_passage_counts_once() -> None:
    """A person's wording stays and a made one goes; the same words about another passage stay."""
    pairs = [
        _pair("a", "How do I renew my passport abroad please", Origin.LLM),
        _pair("a", "How do I renew my passport abroad?"),
        _pair("b", "How do I renew my passports abroad?", Origin.LLM),
    ]
    dataset = build_dataset(
        pairs, [], texts=_texts("a", "b"), splitting=replace(_SHARES, gate_share=0, dev_share=0)
    )
    assert [(pair.document_id, pair.origin) for pair in dataset.train] == [
        ("a", Origin.LOG),
        ("b", Origin.LLM),
    ]
    assert dataset.manifest["dropped"] == {"nearly the same question of the same passage": 1}


def test_nearly_a_held_back_question_does_not_train() -> None:
    """Whatever passage it is asked of; the manifest counts it."""
    labels = [_labelled("about the renewal of passports abroad", "a")]
    pairs = [
        _pair("b", "labelled question about the renewal of passport abroad"),
        _pair("b", "Another thing?"),
    ]
    dataset = build_dataset(
        pairs, labels, texts=_texts("a", "b"), splitting=replace(_SHARES, gate_share=0, dev_share=0)
    )
    assert [pair.question for pair in dataset.train] == ["Another thing?"]
    assert dataset.manifest["dropped"] == {"asked in dev or gate in nearly the same words": 1}


def test_a_passages_own_words_judge_nothing() -> None:
    """Spans and key phrases of a held-back document are left out, however few questions people asked."""
    pairs = [replace(_pair("a", "a span of the passage", Origin.DOCUMENT), kind="span")]
    pairs += [replace(_pair("a", "Title of the document", Origin.DOCUMENT), kind="title")]
    dataset = build_dataset(pairs, [], texts=_texts("a"), splitting=replace(_SHARES, gate_share=1.0))
    assert [question.kind for question in dataset.gate] == ["title"]
    assert dataset.manifest["dropped"] == {"the words of a held-back passage": 1}


_START = datetime(2026, 1, 1, tzinfo=UTC)


def _dated(n: int) -> TrainingPair:
    return replace(_pair(f"d{n}", f"what is number {n} about"), asked_at=_START + timedelta(days=n))


def test_the_newest_of_the_logs_questions_judge() -> None:
    """As many as are allowed; older ones of those documents neither judge nor train."""
    dataset = build_dataset(
        [_dated(n) for n in range(30)],
        [],
        texts=_texts(*(f"d{n}" for n in range(30))),
        splitting=replace(_SHARES, gate_share=1.0, gate_log_questions=8),
    )
    assert {q.asked_at for q in dataset.gate} == {_START + timedelta(days=n) for n in range(22, 30)}
    assert (dataset.train, dataset.dev) == ((), ())
    assert dataset.manifest["dropped"] == {"older than the log's questions that judge": 22}


def test_nothing_that_trains_is_in_a_cluster_that_judges_however_new() -> None:
    """Copies of a document are one cluster: a question about one never trains while one about the other judges."""
    texts = _texts(*(f"d{n}" for n in range(20)))
    texts |= {f"copy{n}": texts[f"d{n}"] + " again" for n in range(20)}
    pairs = [_dated(n) for n in range(20)]
    pairs += [
        replace(
            _dated(n),
            document_id=f"copy{n}",
            passage_id=f"copy{n}-0",
            question=f"newer ask {n}",
            asked_at=_START + timedelta(days=99),
        )
        for n in range(20)
    ]
    dataset = build_dataset(pairs, [], texts=texts, splitting=_SHARES)
    judged = {
        document.removeprefix("copy").removeprefix("d") for q in dataset.gate for document in q.documents
    }
    trained = {pair.document_id.removeprefix("copy").removeprefix("d") for pair in dataset.train}
    assert judged
    assert trained
    assert not judged & trained


def test_negatives_stand_beside_a_positive_and_are_never_held_back() -> None:
    """A passage said to be wrong is kept with the question's pair, unless it is right for somebody, or judges."""
    passages = {
        name: Passage.create(Document.create(uri=name, text=name), 0, f"text {name}") for name in "abc"
    }
    pairs = [
        replace(
            _pair("x", "Which one is it?"), document_id=passages[n].document_id, passage_id=passages[n].id
        )
        for n in "ab"
    ]
    negatives = {"which one is it": [passages["b"], passages["c"]], "asked by nobody": [passages["a"]]}
    texts = {passage.document_id: name * 9 for name, passage in passages.items()}
    only_train = replace(_SHARES, gate_share=0, dev_share=0)
    dataset = build_dataset(pairs, [], texts=texts, negatives=negatives, splitting=only_train)
    assert [pair.negatives for pair in dataset.train] == [("text c",), ("text c",)]
    assert dataset.manifest["with_negatives"] == 2
    held = replace(_labelled("c", "c"), documents=frozenset({passages["c"].document_id}))
    dataset = build_dataset(pairs, [held], texts=texts, negatives=negatives, splitting=only_train)
    assert [pair.negatives for pair in dataset.train] == [(), ()]


def _reworded(gate: Sequence[EvalQuestion]) -> list[EvalQuestion]:
    return [
        replace(q, id=f"{q.id}-other", text=f"otherwise put {q.text}", origin=Origin.PARAPHRASE, parent=q.id)
        for q in gate
    ]


def test_wordings_to_test_with_are_kept_apart() -> None:
    """They are no part of the gate, they do not train, and another wording is another dataset but the same exam."""
    pairs = [_dated(n) for n in range(40)]
    first = build_dataset(pairs, [], texts=_texts(*(f"d{n}" for n in range(40))), splitting=_SHARES)
    taken = _pair(first.train[0].document_id, f"otherwise put {first.gate[0].text}", Origin.LLM)
    dataset = build_dataset(
        [*pairs, taken], [], texts=_texts(*(f"d{n}" for n in range(40))), reword=_reworded, splitting=_SHARES
    )
    assert {q.parent for q in dataset.robustness} == {q.id for q in dataset.gate}
    assert dataset.gate_digest == first.gate_digest
    assert dataset.digest != first.digest
    assert all(question.origin is Origin.LOG for question in dataset.gate)
    assert normal(taken.question) not in {normal(pair.question) for pair in dataset.train}
    trains = _with(
        dataset, train=(*dataset.train, replace(dataset.train[0], question=dataset.robustness[0].text))
    )
    assert any(leak.endswith("tests and trains.") for leak in leak_report(trains))
    strange = _with(dataset, robustness=(replace(dataset.robustness[0], parent="nobody"),))
    assert any("no wording of a gate question" in leak for leak in leak_report(strange))


def test_the_exam_is_pinned_and_what_changed_in_it_is_told() -> None:
    """The gate's digest is of its questions alone, and the manifest names what is new, gone, and kept."""
    texts = _texts(*(f"d{n}" for n in range(60)))
    before = build_dataset([_dated(n) for n in range(40)], [], texts=texts, splitting=_SHARES)
    after = build_dataset(
        [_dated(n) for n in range(10, 60)], [], texts=texts, previous=before, splitting=_SHARES
    )
    told = after.manifest["continues"]
    old, new = ({question.id for question in dataset.gate} for dataset in (before, after))
    assert (told["dataset"], told["gate_digest"]) == (before.digest, before.gate_digest)
    assert (told["new"], told["gone"]) == (sorted(new - old), sorted(old - new))
    assert told["kept"] == len(old & new) > 0
    assert told["new"]
    assert told["gone"]
    assert after.manifest["gate_digest"] == after.gate_digest != before.gate_digest
    shuffled = replace(before, gate=before.gate[::-1], train=())
    assert shuffled.gate_digest == before.gate_digest
    again = build_dataset([_dated(n) for n in range(40)], [], texts=texts, previous=after, splitting=_SHARES)
    assert again.digest == before.digest


def test_the_manifest_says_whose_the_logs_pairs_are() -> None:
    """Shares of askers, judges and passages, and counts by kind."""
    pairs = [
        replace(
            _pair(f"d{n}", f"what is number {n}"), principal="ann" if n else "bob", judge="eve", kind="opened"
        )
        for n in range(4)
    ]
    dataset = build_dataset(
        pairs, [], texts=_texts("d0", "d1", "d2", "d3"), splitting=replace(_SHARES, gate_share=0, dev_share=0)
    )
    shares = dataset.manifest["log_shares"]
    assert (shares["pairs"], shares["askers"]) == (4, {"ann": 0.75, "bob": 0.25})
    assert shares["judges"] == {"eve": 1.0}
    assert set(shares["passages"].values()) == {0.25}
    assert dataset.manifest["kinds"]["train"] == {"log: opened": 4}


def test_more_planted_leaks_are_found() -> None:
    """A span that judges, nearly a held-back question that trains, and an answer that is a negative as well."""
    clean = _clean()
    gate, train = clean.gate[0], clean.train[0]
    long = replace(gate, text="how do i renew a passport from abroad without going home")
    planted = {
        "a passage's own words": _with(clean, gate=(replace(gate, origin=Origin.DOCUMENT, kind="span"),)),
        "is held back": _with(clean, gate=(long,), train=(replace(train, question=long.text + "s"),)),
        "as its answer and as a negative": _with(
            clean, train=(replace(train, negatives=(train.passage_text,)),)
        ),
    }
    for words, dataset in planted.items():
        assert any(words in leak for leak in leak_report(dataset)), words


def test_datasets_of_before_keep_their_digest() -> None:
    """What is empty in a newer field is no part of the content: stored datasets stay whole."""
    pair = _pair("d", "Why?")
    old = {
        "question": "Why?",
        "passage_id": "d-0",
        "document_id": "d",
        "passage_text": "text of d",
        "origin": "log",
        "parent": "",
        "principal": "",
    }

    def digest(pair: TrainingPair) -> str:
        return Dataset(train=(pair,), dev=(), gate=(), manifest={}).digest

    assert digest(pair) == digest_of({"train": [old], "dev": [], "gate": []})
    for part in ({"kind": "opened"}, {"asked_at": _START}, {"negatives": ("x",)}, {"judge": "j"}):
        assert digest(replace(pair, **part)) != digest(pair)


def test_a_copy_of_the_right_passage_is_no_negative() -> None:
    """Whoever rated an answer bad that rested on a copy of the right passage makes no pair contradict itself."""
    copy = Passage.create(Document.create(uri="copy", text="x"), 0, "text of a")
    dataset = build_dataset(
        [_pair("a", "Which one is it?")],
        [],
        texts={"a": "one two three", copy.document_id: "four five six"},
        negatives={"which one is it": [copy]},
        splitting=replace(_SHARES, gate_share=0, dev_share=0),
    )
    assert [pair.negatives for pair in dataset.train] == [()]
