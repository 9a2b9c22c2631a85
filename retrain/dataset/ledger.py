"""Pairs and labelled questions in, a dataset out whose splits share nothing.

Splits are drawn by document, and documents that are nearly the same count as one.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rag.domain import Passage
from rag.errors import IntegrityError
from rag.text.wording import normal
from retrain.dataset.held_back import Split, held_back, newest, peoples
from retrain.dataset.leaks import leak_report
from retrain.dataset.manifest import by_kind, by_origin, continuing, log_shares
from retrain.dataset.near_duplicates import SAME_HELD_BACK, Groups, alike_across, cluster, cluster_questions
from retrain.dataset.pairs import counted
from retrain.domain import Dataset, EvalQuestion, Origin, TrainingPair

Reword = Callable[[Sequence[EvalQuestion]], Sequence[EvalQuestion]]
"""Returns other wordings of questions, each naming its question as its parent."""

MOST_NEGATIVES = 3
"""Of one pair."""
MOST_DOCUMENTS = 3
"""A question with answers in more documents than this ties none of them together, and judges nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Splitting:
    """How a dataset is split."""

    seed: int
    dev_share: float  # of the clusters without labelled questions, 0 to 1
    gate_share: float  # likewise
    gate_min: int  # fewest questions people asked that are enough by themselves
    gate_log_questions: int = 1_000  # most questions of the log that judge


def build_dataset(
    pairs: Sequence[TrainingPair],
    labelled_dev: Sequence[EvalQuestion],
    *,
    texts: Mapping[str, str],
    golden: Collection[str] = (),
    negatives: Mapping[str, Sequence[Passage]] | None = None,
    previous: Dataset | None = None,
    reword: Reword | None = None,
    splitting: Splitting,
) -> Dataset:
    """Return the dataset, split by document, without what would leak.

    Documents that are nearly the same, or that one question needs, form a cluster; a cluster is in one split, which a
    hash of the seed and its smallest document id decides, so a document stays where it was when others come. Clusters
    that labelled questions point at never train: half are dev's, half the gate's. Paraphrases and a passage's own words
    only train. The gate asks what people asked, as long as that gives `gate_min` questions; else questions from
    documents and from the language model join, and the manifest says so.

    Of the log's held-back questions the newest `gate_log_questions` judge, because a promotion has to be right for what
    people ask now; older ones neither judge nor train. Newer questions of the training clusters do train: their
    documents judge nothing, and without them every encoder would lack the freshest tenth of the log.

    Questions of one passage that are nearly worded alike count once, a person's before a made one; no question trains
    that is nearly worded like one that is held back, whatever its passage. Golden questions neither train nor judge, in
    whatever wording of theirs differs in case, blanks and punctuation alone.

    `texts` is document id -> title and text; `negatives` is question in normal form -> passages that people said do not
    answer it. Of the `previous` dataset only the manifest depends. `reword` makes other wordings of the gate questions,
    to test with.

    Raises:
        IntegrityError: an independent check found a leak between the splits.
    """
    dropped: Counter[str] = Counter()
    watched = {normal(text) for text in golden}
    usable = _collapsed(_usable(pairs, watched, dropped), dropped)
    answered = [question for question in labelled_dev if question.documents]
    dropped["no document answers it"] += len(labelled_dev) - len(answered)
    labelled = [question for question in answered if normal(question.text) not in watched]
    dropped["a golden question"] += len(answered) - len(labelled)
    common = _common(usable)
    groups = _groups(texts, usable, labelled, common)
    judging = {groups.of(document) for question in labelled for document in question.documents}

    def split_of(document: str) -> Split:
        group = groups.of(document)
        place = _fraction(splitting.seed, group)
        if group in judging:
            return Split.DEV if place < 0.5 else Split.GATE
        if place < splitting.gate_share:
            return Split.GATE
        return Split.DEV if place < splitting.gate_share + splitting.dev_share else Split.TRAIN

    held = held_back(usable, labelled, common, split_of, dropped)
    gate, gate_origins = peoples(held[Split.GATE], splitting.gate_min, dropped)
    gate = newest(gate, splitting.gate_log_questions, dropped)
    dev, dev_origins = peoples(held[Split.DEV], splitting.gate_min, dropped)
    kept_apart = {normal(question.text) for questions in held.values() for question in questions}
    reworded = reword(gate) if reword else []
    # No questions of their own.
    robustness = [each for each in reworded if normal(each.text) not in watched | kept_apart]
    kept_apart |= {normal(question.text) for question in robustness}
    train = _train(usable, kept_apart, split_of, dropped)
    train = _with_negatives(train, negatives or {}, split_of)
    documents = {
        Split.TRAIN: {pair.document_id for pair in train},
        Split.DEV: {document for question in dev for document in question.documents},
        Split.GATE: {document for question in gate for document in question.documents},
    }
    splits: dict[str, Sequence[TrainingPair | EvalQuestion]] = {"train": train, "dev": dev, "gate": gate}
    manifest: dict[str, Any] = {
        **asdict(splitting),
        "counts": {split: by_origin(items) for split, items in splits.items()},
        "kinds": {split: by_kind(items) for split, items in splits.items()},
        "robustness": len(robustness),
        "with_negatives": sum(bool(pair.negatives) for pair in train),
        "log_shares": log_shares(train),
        "documents": {split.value: len(ids) for split, ids in documents.items()},
        "near_duplicates": sum(groups.of(document) != document for document in texts),
        "gate_origins": gate_origins,
        "dev_origins": dev_origins,
        "dropped": counted(dropped),
        "leaks": [],
    }
    dataset = Dataset(
        train=tuple(train), dev=tuple(dev), gate=tuple(gate), robustness=tuple(robustness), manifest=manifest
    )
    leaks = leak_report(dataset, texts=texts, golden=golden)
    if leaks:
        raise IntegrityError(
            f"The splits of a dataset must share nothing; {len(leaks)} leaks were found, the first: {leaks[0]} "
            "Nothing was kept. This is a defect of the splitting; please report it."
        )
    pinned = {"gate_digest": dataset.gate_digest, "continues": continuing(gate, previous)}
    return replace(dataset, manifest=manifest | pinned)


def _usable(
    pairs: Sequence[TrainingPair], watched: Collection[str], dropped: Counter[str]
) -> list[TrainingPair]:
    """Return the pairs without golden questions and their paraphrases, wordings that are the same collapsed."""
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


def _collapsed(pairs: Sequence[TrainingPair], dropped: Counter[str]) -> list[TrainingPair]:
    """Return one of the questions of a passage that are worded nearly alike: the first, a person's if any is."""
    by_passage: dict[str, list[TrainingPair]] = defaultdict(list)
    for pair in pairs:
        by_passage[pair.passage_id].append(pair)
    kept: set[int] = set()
    for some in by_passage.values():
        groups = cluster_questions(normal(pair.question) for pair in some) if len(some) > 1 else Groups()
        first: dict[str, TrainingPair] = {}
        for pair in some:
            first.setdefault(groups.of(normal(pair.question)), pair)
        kept.update(id(pair) for pair in first.values())
    dropped["nearly the same question of the same passage"] += len(pairs) - len(kept)
    return [pair for pair in pairs if id(pair) in kept]


def _common(pairs: Sequence[TrainingPair]) -> frozenset[str]:
    """Return the questions, in normal form, that too many documents answer."""
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
    """Return groups of documents that are nearly the same, and of those that one question needs."""
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


def _train(
    pairs: Sequence[TrainingPair],
    held: Collection[str],
    split_of: Callable[[str], Split],
    dropped: Counter[str],
) -> list[TrainingPair]:
    """Return the pairs of documents that nothing is judged by, without questions that judge elsewhere."""
    mine = [pair for pair in pairs if split_of(pair.document_id) is Split.TRAIN]
    nearly = alike_across((normal(pair.question) for pair in mine), held, same=SAME_HELD_BACK)
    train = []
    for pair in mine:
        asked = normal(pair.question)
        if asked in held or (pair.parent and normal(pair.parent) in held):
            dropped["asked in dev or gate too"] += 1
        elif asked in nearly:
            dropped["asked in dev or gate in nearly the same words"] += 1
        else:
            train.append(pair)
    return train


def _with_negatives(
    pairs: Sequence[TrainingPair],
    negatives: Mapping[str, Sequence[Passage]],
    split_of: Callable[[str], Split],
) -> list[TrainingPair]:
    """Return the pairs with what people said is wrong for them, unless it is right for somebody or held back."""
    # By text as well: a copy of the right passage is no wrong one.
    right: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        right[normal(pair.question)] |= {pair.passage_id, pair.passage_text}
    with_them = []
    for pair in pairs:
        asked = normal(pair.parent or pair.question)
        answers = right[asked] | right[normal(pair.question)]
        wrong = [
            passage.embedded_text
            for passage in negatives.get(asked, ())
            if not answers & {passage.id, passage.embedded_text}
            and split_of(passage.document_id) is Split.TRAIN
        ]
        with_them.append(replace(pair, negatives=tuple(wrong[:MOST_NEGATIVES])) if wrong else pair)
    return with_them


def _fraction(seed: int, key: str) -> float:
    """Return a number from 0 to 1, without 1, that is arbitrary and always the same.

    The word "split" keeps it independent of the order in which documents are mined, a hash of seed and id as well:
    else the first documents mined would all be held back.
    """
    return int.from_bytes(hashlib.sha256(f"split\0{seed}\0{key}".encode()).digest()[:6]) / 2**48
