"""Labelled questions, sorted by what they may be used for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rag.domain import LabelledQuestion, Passage, Purpose
from rag.text.wording import words
from retrain.dataset.pairs import PassagesOf, counted, make_pair, take
from retrain.dataset.wording import content_words
from retrain.domain import EvalQuestion, Origin, TrainingPair


@dataclass(frozen=True, kw_only=True, slots=True)
class MinedLabels:
    """Labelled questions by what they may be used for."""

    pairs: tuple[TrainingPair, ...]  # may train
    dev: tuple[EvalQuestion, ...]  # dev and gate; never train
    golden: tuple[EvalQuestion, ...]  # watched; neither train nor gate
    apart: tuple[str, ...] = ()  # held back as well, though their documents are gone: neither train nor judge
    dropped: Mapping[str, int] = field(default_factory=dict)  # reason -> how many


def mine_labels(questions: Sequence[LabelledQuestion], passages_of: PassagesOf) -> MinedLabels:
    """Return labelled questions by their purpose.

    A label names documents. One that may train makes a pair with one passage of each: the one that shares
    the most topic words with the question, the first of those.
    """
    dropped: Counter[str] = Counter()
    passages = passages_of(frozenset[str]().union(*(question.documents for question in questions)))
    pairs: dict[tuple[str, str], TrainingPair] = {}
    held: dict[Purpose, list[EvalQuestion]] = {Purpose.DEV: [], Purpose.GOLDEN: []}
    apart: list[str] = []
    for question in questions:
        answers = {
            document: [passage for passage in passages.get(document, ()) if passage.tenant == question.tenant]
            for document in sorted(question.documents)
        }
        there = {document: some for document, some in answers.items() if some}
        if not there:
            dropped["its documents are gone"] += 1
            # They may come back, and nothing may have learned the question meanwhile.
            apart += [question.text] if question.purpose.held_back else []
        elif question.purpose is Purpose.TRAIN:
            for some in there.values():
                passage = _closest(question.text, some)
                if pair := make_pair(question.text, passage, Origin.LABEL, dropped, kind=question.source):
                    take(pair, pairs, dropped)
        else:
            held[question.purpose].append(
                EvalQuestion(
                    id=question.id,
                    text=question.text,
                    relevant=frozenset(passage.id for some in there.values() for passage in some),
                    documents=frozenset(there),
                    origin=Origin.LABEL,
                    kind=question.source,
                )
            )
    return MinedLabels(
        pairs=tuple(pairs.values()),
        dev=tuple(held[Purpose.DEV]),
        golden=tuple(held[Purpose.GOLDEN]),
        apart=tuple(apart),
        dropped=counted(dropped),
    )


def _closest(question: str, passages: Sequence[Passage]) -> Passage:
    topic = set(content_words(question))
    return max(passages, key=lambda passage: len(topic.intersection(words(passage.embedded_text))))
