"""Which questions are held back: made of labels and of pairs whose documents are not trained on, and chosen from."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

from rag.text.wording import normal
from retrain.dataset.pairs import EXCERPTS
from retrain.domain import EvalQuestion, Origin, TrainingPair


class Split(StrEnum):
    """What a document's questions are for."""

    TRAIN = "train"
    DEV = "dev"
    GATE = "gate"


def held_back(
    pairs: Sequence[TrainingPair],
    labelled: Sequence[EvalQuestion],
    common: Collection[str],
    split_of: Callable[[str], Split],
    dropped: Counter[str],
) -> dict[Split, list[EvalQuestion]]:
    """Return the questions of dev and gate: labelled ones, and pairs' whose documents are held back.

    Questions in `common`, in normal form, have answers in too many documents. What is left out is counted in `dropped`.
    """
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
        elif pair.origin is Origin.DOCUMENT and pair.kind in EXCERPTS:
            dropped["the words of a held-back passage"] += 1
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
        kind=pair.kind,
        asked_at=pair.asked_at,
    )


def _merged(one: EvalQuestion, other: EvalQuestion) -> EvalQuestion:
    """Return the first question, answered by what answers either, asked when it was asked last."""
    return replace(
        one,
        relevant=one.relevant | other.relevant,
        documents=one.documents | other.documents,
        asked_at=max(filter(None, (one.asked_at, other.asked_at)), default=None),
    )


def newest(gate: Sequence[EvalQuestion], most: int, dropped: Counter[str]) -> list[EvalQuestion]:
    """Return the questions without the log's, but for its newest."""
    log = [question for question in gate if question.origin is Origin.LOG]
    undated = datetime.min.replace(tzinfo=UTC)
    kept = sorted(log, key=lambda question: (question.asked_at or undated, question.id), reverse=True)[:most]
    dropped["older than the log's questions that judge"] += len(log) - len(kept)
    judging = {question.id for question in kept}
    return [question for question in gate if question.origin is not Origin.LOG or question.id in judging]


def peoples(
    held: Sequence[EvalQuestion], gate_min: int, dropped: Counter[str]
) -> tuple[list[EvalQuestion], str]:
    """Return what people asked, where that is enough, or else all; and say whose the questions are."""
    human = [question for question in held if question.origin.human]
    if len(human) >= gate_min:
        dropped["people asked enough questions to judge by"] += len(held) - len(human)
        return human, f"people's questions alone: there are {len(human)}, and {gate_min} are enough"
    return list(held), (
        "people's questions and those from documents and the language model: "
        f"only {len(human)} are people's, and {gate_min} would be enough"
    )
