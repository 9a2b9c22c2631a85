"""Pairs and labelled questions in, a dataset out whose splits share nothing.

Splits are drawn by document, and documents that are nearly the same count as one.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from rag.errors import IntegrityError
from retrain.dataset.near_duplicates import Groups, cluster
from retrain.dataset.wording import normal
from retrain.domain import Dataset, EvalQuestion, Origin, TrainingPair

MOST_DOCUMENTS = 3
"""A question with answers in more documents than this ties none of them together, and judges nothing."""


class Split(StrEnum):
    """What a document's questions are for."""

    TRAIN = "train"
    DEV = "dev"
    GATE = "gate"


def build_dataset(
    pairs: Sequence[TrainingPair],
    labelled_dev: Sequence[EvalQuestion],
    *,
    texts: Mapping[str, str],
    golden: Collection[str] = (),
    dev_share: float,
    gate_share: float,
    gate_min: int,
    seed: int,
) -> Dataset:
    """Split by document, and leave out what would leak.

    Documents that are nearly the same, or that one question needs, form a cluster; a cluster is in one
    split, which a hash of the seed and its smallest document id decides, so a document stays where it was
    when others come. Clusters that labelled questions point at never train: half are dev's, half the
    gate's. Paraphrases only train. The gate asks what people asked, as long as that gives `gate_min`
    questions; else questions from documents and from the language model join, and the manifest says so.

    Args:
        pairs: mined ones, paraphrases among them.
        labelled_dev: imported questions that may judge and never train.
        texts: document id -> title and text, to find those that are nearly the same.
        golden: texts of questions that are watched; they neither train nor judge, in whatever wording
        of theirs
            differs in case, blanks and punctuation alone.
        dev_share: of the clusters without labelled questions, 0 to 1.
        gate_share: likewise.
        gate_min: fewest questions people asked that are enough by themselves.
        seed: of the splits.

    Raises:
        IntegrityError: an independent check found a leak between the splits.
    """
    dropped: Counter[str] = Counter()
    watched = {normal(text) for text in golden}
    usable = _usable(pairs, watched, dropped)
    answered = [question for question in labelled_dev if question.documents]
    dropped["no document answers it"] += len(labelled_dev) - len(answered)
    labelled = [question for question in answered if normal(question.text) not in watched]
    dropped["a golden question"] += len(answered) - len(labelled)
    common = _common(usable)
    groups = _groups(texts, usable, labelled, common)
    judging = {groups.of(document) for question in labelled for document in question.documents}

    def split_of(document: str) -> Split:
        group = groups.of(document)
        place = _fraction(seed, group)
        if group in judging:
            return Split.DEV if place < 0.5 else Split.GATE
        if place < gate_share:
            return Split.GATE
        return Split.DEV if place < gate_share + dev_share else Split.TRAIN

    held = _held_back(usable, labelled, common, split_of, dropped)
    gate, gate_origins = _peoples(held[Split.GATE], gate_min, dropped)
    dev, dev_origins = _peoples(held[Split.DEV], gate_min, dropped)
    kept_apart = {normal(question.text) for questions in held.values() for question in questions}
    train = _train(usable, kept_apart, split_of, dropped)
    documents = {
        Split.TRAIN: {pair.document_id for pair in train},
        Split.DEV: {document for question in dev for document in question.documents},
        Split.GATE: {document for question in gate for document in question.documents},
    }
    manifest: dict[str, Any] = {
        "seed": seed,
        "dev_share": dev_share,
        "gate_share": gate_share,
        "gate_min": gate_min,
        "counts": {
            "train": _by_origin(train),
            "dev": _by_origin(dev),
            "gate": _by_origin(gate),
        },
        "documents": {split.value: len(ids) for split, ids in documents.items()},
        "near_duplicates": sum(groups.of(document) != document for document in texts),
        "gate_origins": gate_origins,
        "dev_origins": dev_origins,
        "dropped": {reason: count for reason, count in sorted(dropped.items()) if count},
        "leaks": [],
    }
    dataset = Dataset.create(train=train, dev=dev, gate=gate, manifest=manifest)
    leaks = leak_report(dataset, texts=texts, golden=golden)
    if leaks:
        raise IntegrityError(
            f"The splits of a dataset must share nothing; {len(leaks)} leaks were found, the first: {leaks[0]} "
            "Nothing was kept. This is a defect of the splitting; please report it."
        )
    return dataset


def leak_report(
    dataset: Dataset, *, texts: Mapping[str, str] | None = None, golden: Iterable[str] = ()
) -> list[str]:
    """Look for what a dataset's splits share, without relying on how they were made.

    Gives one sentence for each find. Looks for documents, passages and questions in two splits,
    paraphrases of a held-back question, paraphrases that judge, and golden questions. With `texts`
    (document id -> title and text) also for documents in two splits that are nearly the same.
    """
    leaks = []
    documents = {
        "train": {pair.document_id for pair in dataset.train},
        "dev": {document for question in dataset.dev for document in question.documents},
        "gate": {document for question in dataset.gate for document in question.documents},
    }
    passages = {
        "train": {pair.passage_id for pair in dataset.train},
        "dev": {passage for question in dataset.dev for passage in question.relevant},
        "gate": {passage for question in dataset.gate for passage in question.relevant},
    }
    questions = {
        "train": {normal(pair.question) for pair in dataset.train},
        "dev": {normal(question.text) for question in dataset.dev},
        "gate": {normal(question.text) for question in dataset.gate},
    }
    for one, other in (("train", "dev"), ("train", "gate"), ("dev", "gate")):
        for noun, held in (("Document", documents), ("Passage", passages), ("Question", questions)):
            leaks += [
                f"{noun} {shared!r} is in {one} and {other}." for shared in sorted(held[one] & held[other])
            ]
    for pair in dataset.train:
        if pair.parent and normal(pair.parent) in questions["dev"] | questions["gate"]:
            leaks.append(f"{pair.question!r} trains and is a paraphrase of a held-back question.")
    for question in (*dataset.dev, *dataset.gate):
        if question.origin is Origin.PARAPHRASE:
            leaks.append(f"{question.text!r} judges and is a paraphrase.")
    watched = {normal(text) for text in golden}
    for split, texts_in in questions.items():
        leaks += [f"Golden question {shared!r} is in {split}." for shared in sorted(texts_in & watched)]
    return leaks + _near_duplicates_across(documents, texts or {})


def _near_duplicates_across(documents: Mapping[str, set[str]], texts: Mapping[str, str]) -> list[str]:
    groups = cluster(texts)
    splits: dict[str, set[str]] = defaultdict(set)
    for split, ids in documents.items():
        for document in ids:
            splits[groups.of(document)].add(split)
    return [
        f"Documents that are nearly the same as {group!r} are in {' and '.join(sorted(within))}."
        for group, within in sorted(splits.items())
        if len(within) > 1
    ]


def _usable(
    pairs: Sequence[TrainingPair], watched: Collection[str], dropped: Counter[str]
) -> list[TrainingPair]:
    """Leave out golden questions and their paraphrases, and collapse wordings that are the same."""
    kept: dict[tuple[str, str], TrainingPair] = {}
    # What a person asked stays, rather than a title of the same words.
    for pair in sorted(pairs, key=lambda pair: (not pair.origin.human, pair.origin is Origin.PARAPHRASE)):
        key = (normal(pair.question), pair.passage_id)
        if key[0] in watched or (pair.parent and normal(pair.parent) in watched):
            dropped["a golden question"] += 1
        elif key in kept:
            dropped["the same question and passage"] += 1
        else:
            kept[key] = pair
    return list(kept.values())


def _common(pairs: Sequence[TrainingPair]) -> frozenset[str]:
    """Give the questions, in normal form, that too many documents answer."""
    documents: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        documents[normal(pair.question)].add(pair.document_id)
    return frozenset(question for question, ids in documents.items() if len(ids) > MOST_DOCUMENTS)


def _groups(
    texts: Mapping[str, str],
    pairs: Sequence[TrainingPair],
    labelled: Sequence[EvalQuestion],
    common: Collection[str],
) -> Groups:
    """Join documents that are nearly the same, and those that one question needs."""
    groups = cluster(texts)
    needed: dict[str, set[str]] = defaultdict(set)
    for question in labelled:
        groups.join(question.documents)
        needed[normal(question.text)] |= question.documents
    for pair in pairs:
        asked = normal(pair.question)
        if asked not in common:
            needed[asked].add(pair.document_id)
    for documents in needed.values():
        groups.join(documents)
    return groups


def _held_back(
    pairs: Sequence[TrainingPair],
    labelled: Sequence[EvalQuestion],
    common: Collection[str],
    split_of: Callable[[str], Split],
    dropped: Counter[str],
) -> dict[Split, list[EvalQuestion]]:
    """Make the questions of dev and gate: labelled ones, and pairs' whose documents are held back."""
    found: dict[str, tuple[Split, EvalQuestion]] = {}
    for question in labelled:
        key = normal(question.text)
        split = split_of(next(iter(question.documents)))
        if key in found:
            dropped["the same question, labelled twice"] += 1
            question = _merged(found[key][1], question)
        found[key] = (split, question)
    for pair in pairs:
        split = split_of(pair.document_id)
        if split is Split.TRAIN:
            continue
        key = normal(pair.question)
        if pair.origin is Origin.PARAPHRASE:
            dropped["a paraphrase of a held-back question"] += 1
        elif key in common:
            dropped["too many documents answer it"] += 1
        else:
            question = _asked(pair)
            found[key] = (split, _merged(found[key][1], question) if key in found else question)
    held: dict[Split, list[EvalQuestion]] = {Split.DEV: [], Split.GATE: []}
    for split, question in found.values():
        held[split].append(question)
    return held


def _asked(pair: TrainingPair) -> EvalQuestion:
    return EvalQuestion(
        id=str(uuid5(NAMESPACE_URL, f"whetstone:held-back:{normal(pair.question)}")),
        text=pair.question,
        relevant=frozenset((pair.passage_id,)),
        documents=frozenset((pair.document_id,)),
        origin=pair.origin,
    )


def _merged(one: EvalQuestion, other: EvalQuestion) -> EvalQuestion:
    """Give the first question, answered by what answers either."""
    return replace(one, relevant=one.relevant | other.relevant, documents=one.documents | other.documents)


def _peoples(
    held: Sequence[EvalQuestion], gate_min: int, dropped: Counter[str]
) -> tuple[list[EvalQuestion], str]:
    """Choose what people asked, where that is enough, or else all; say whose the questions are."""
    human = [question for question in held if question.origin.human]
    if len(human) >= gate_min:
        dropped["people asked enough questions to judge by"] += len(held) - len(human)
        return human, f"people's questions alone: there are {len(human)}, and {gate_min} are enough"
    return list(held), (
        "people's questions and those from documents and the language model: "
        f"only {len(human)} are people's, and {gate_min} would be enough"
    )


def _train(
    pairs: Sequence[TrainingPair],
    held: Collection[str],
    split_of: Callable[[str], Split],
    dropped: Counter[str],
) -> list[TrainingPair]:
    """Give the pairs of documents that nothing is judged by, without questions that judge elsewhere."""
    train = []
    for pair in pairs:
        if split_of(pair.document_id) is not Split.TRAIN:
            continue
        if normal(pair.question) in held or (pair.parent and normal(pair.parent) in held):
            dropped["asked in dev or gate too"] += 1
        else:
            train.append(pair)
    return train


def _fraction(seed: int, key: str) -> float:
    """Give a number from 0 to 1, without 1, that is arbitrary and always the same.

    The word "split" keeps it independent of the order in which documents are mined, a hash of seed and id as well:
    else the first documents mined would all be held back.
    """
    return int.from_bytes(hashlib.sha256(f"split\0{seed}\0{key}".encode()).digest()[:6]) / 2**48


def _by_origin(items: Iterable[TrainingPair | EvalQuestion]) -> dict[str, int]:
    return dict(sorted(Counter(item.origin.value for item in items).items()))
