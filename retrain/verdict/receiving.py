"""What people get: each side as it would serve, on the gate's questions, and on the same with their answers gone.

The passages found are only half of an answer. A release refuses where its support is below its threshold, and quotes
what it takes for the answer; a candidate that finds more may refuse more of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.domain import Passage, Release, sha256_text
from rag.ports import Found, Progress
from rag.questions.finding.copies import distinct
from rag.releases.models import LoadedRelease
from rag.releases.trials import Trial, TrialAnswer, TrialIndexes
from retrain.domain import Answer, Answers, Bar, EvalQuestion, MetricRow, Received
from retrain.verdict.evaluation import Floats, clusters, contrast
from retrain.verdict.remembered import LastVectors, Remembering

MOST = 1_000
"""Gate questions that are asked as people would: every one reads some twenty statements a side."""
_AT_ONCE = 25
"""Questions asked of both sides in turn, so that what they read stays in memory."""
_ROUNDS = 4
"""Times that documents with copies of an answer are looked for."""

_ANSWERABLE = (Received.RIGHT, Received.WRONG, Received.REFUSED_THOUGH_FOUND, Received.REFUSED_NOT_FOUND)
_ROWS = tuple(str(share) for share in (*_ANSWERABLE, Received.REFUSED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Got:
    """What one question got."""

    answer: Answer
    support: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What people get of both sides."""

    answers: Answers
    got: Mapping[str, tuple[Got, Got]]  # question's id -> of incumbent and candidate
    refused: Mapping[
        str, tuple[bool, ...]
    ]  # the same with its answers gone; without those that still have one


def receive_both(
    asked: Sequence[EvalQuestion],
    *,
    incumbent: LoadedRelease,
    candidate: LoadedRelease,
    on: TrialIndexes,
    seed: int,
    progress: Progress,
    most: int = MOST,
) -> Compared:
    """Return what both sides give to the same questions; at most `most` of them are asked, drawn by hash.

    Unanswerable are the questions from whose corpus the documents of the passages that answer them are taken, and those
    with copies of these passages; a question whose answer still stands somewhere is left out of that part.
    """
    asked = drawn(asked, seed=seed, most=most)
    kept = LastVectors()
    there = {passage.id: passage for passage in on.corpus}
    sides = [
        _Side(on.of(replace(loaded, encoder=Remembering(loaded.encoder, kept))), there)
        for loaded in (incumbent, candidate)
    ]
    got: list[tuple[Got, ...]] = []
    refused: list[tuple[bool, ...] | None] = []
    for start in range(0, len(asked), _AT_ONCE):
        progress(start, len(asked), "ask the gate questions as people would")
        some = asked[start : start + _AT_ONCE]
        got += zip(*(side.answers(some) for side in sides), strict=True)
        refused += _refused(sides, some, there)
    progress(len(asked), len(asked), "ask the gate questions as people would")
    before, after = (_shares([each[side] for each in got]) for side in (0, 1))
    rows = contrast(before, after, clusters(asked), seed=seed, names=_ROWS)
    unanswerable = [(question, both) for question, both in zip(asked, refused, strict=True) if both]
    return Compared(
        answers=Answers(
            questions=len(asked),
            unanswerable=len(unanswerable),
            rows=(*rows, *_refusals(unanswerable, seed)),
            incumbent=_bar(incumbent.release),
            candidate=_bar(candidate.release),
        ),
        got={question.id: (old, new) for question, (old, new) in zip(asked, got, strict=True)},
        refused={question.id: both for question, both in unanswerable},
    )


def answered_right(
    asked: Sequence[EvalQuestion], loaded: LoadedRelease, on: TrialIndexes, *, seed: int
) -> tuple[list[EvalQuestion], Floats]:
    """Return the questions that are asked as people would, and 1 for each that is answered from a right passage."""
    asked = drawn(asked, seed=seed)
    side = _Side(on.of(loaded), {passage.id: passage for passage in on.corpus})
    return asked, _shares(side.answers(asked))[:, 0]


def drawn(questions: Sequence[EvalQuestion], *, seed: int, most: int = MOST) -> list[EvalQuestion]:
    """Return at most so many of the questions in their order, drawn by hash: the same ones each time."""
    if len(questions) <= most:
        return list(questions)
    by_hash = sorted(questions, key=lambda each: sha256_text(f"{seed}:{each.id}"))[:most]
    kept = {each.id for each in by_hash}
    return [each for each in questions if each.id in kept]


class _Side:
    """A release that is asked, and what its answers are worth."""

    def __init__(self, trial: Trial, there: Mapping[str, Passage]) -> None:
        self._trial = trial
        self._there = there

    def answers(self, asked: Sequence[EvalQuestion]) -> list[Got]:
        replies = self._trial.receive([question.text for question in asked])
        return [self._got(reply, question) for reply, question in zip(replies, asked, strict=True)]

    def replies(self, asked: Sequence[EvalQuestion], gone: Sequence[set[str]]) -> list[TrialAnswer]:
        return self._trial.receive([question.text for question in asked], without=gone)

    def right(self, reply: TrialAnswer, question: EvalQuestion) -> set[str]:
        """Return the hits that answer the question, copies of the labelled passages among them.

        A live request gives a text once, whichever of its copies was labelled.
        """
        others = [self._there[each] for each in reply.hits if each not in question.relevant]
        labelled = [self._there[each] for each in sorted(question.relevant)]
        firsts, _ = distinct([Found(passage=each, score=0.0) for each in (*labelled, *others)])
        apart = {each.passage.id for each in firsts} - question.relevant
        return set(reply.hits) - apart

    def _got(self, reply: TrialAnswer, question: EvalQuestion) -> Got:
        right = self.right(reply, question)
        if reply.quoted:
            answer = Answer.WRONG if right.isdisjoint(reply.quoted) else Answer.RIGHT
        else:
            answer = Answer.REFUSED_THOUGH_FOUND if right else Answer.REFUSED_NOT_FOUND
        return Got(answer=answer, support=reply.support)


def _refused(
    sides: Sequence[_Side], asked: Sequence[EvalQuestion], there: Mapping[str, Passage]
) -> list[tuple[bool, ...] | None]:
    """Tell for each question whether each side refuses it once its answers are gone; None: they are not."""
    gone = [{there[each].document_id for each in question.relevant} for question in asked]
    left: list[list[bool | None]] = []
    for side in sides:
        refused: list[bool | None] = [None] * len(asked)
        rows = list(range(len(asked)))
        for _ in range(_ROUNDS):
            replies = side.replies([asked[row] for row in rows], [gone[row] for row in rows])
            again = []
            for row, reply in zip(rows, replies, strict=True):
                if copies := side.right(reply, asked[row]):
                    gone[row] |= {there[each].document_id for each in copies}
                    again.append(row)
                else:
                    refused[row] = not reply.quoted
            rows = again
            if not rows:
                break
        left.append(refused)
    pairs = zip(*left, strict=True)
    return [None if None in pair else tuple(bool(each) for each in pair) for pair in pairs]


def _shares(got: Sequence[Got]) -> Floats:
    """Return 1 where a question is of the share, else 0: shape (questions, len(_ROWS))."""
    kinds = tuple(Answer)
    values = np.array([[each.answer is kind for kind in kinds] for each in got], dtype=np.float64)
    values = values.reshape(len(got), len(kinds))
    return np.column_stack([values, values[:, 2:].sum(axis=1)])


def _refusals(
    unanswerable: Sequence[tuple[EvalQuestion, tuple[bool, ...]]], seed: int
) -> tuple[MetricRow, ...]:
    if not unanswerable:
        return ()
    values = np.array([both for _, both in unanswerable], dtype=np.float64)  # (questions, sides)
    groups = clusters([question for question, _ in unanswerable])
    names = (str(Received.REFUSED_RIGHTLY),)
    return contrast(values[:, :1], values[:, 1:], groups, seed=seed, names=names)


def _bar(release: Release) -> Bar:
    fitted = release.support
    return Bar(
        threshold=release.retrieval.threshold,
        questions=fitted.questions if fitted else 0,
        passages=fitted.passages if fitted else 0,
    )
