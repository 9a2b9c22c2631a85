"""Findings and a look -> diagnoses, what has to be cured first coming first."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitoring.attribution import breakage, causes, grouping, parting
from monitoring.attribution.advising import REMEDIES, action_for
from monitoring.attribution.evidence import GoldenLoss, Stronger
from monitoring.attribution.forms import forms
from monitoring.attribution.selecting import BYSTANDERS, carrying, new_rows
from monitoring.attribution.weighing import Fits, Scale, Searched, Weighed
from monitoring.domain import Cause, Diagnosis, DriftFinding, DriftVerdict, Look, Remedy, Topic
from monitoring.signals.documents import DocumentChanges
from rag.ports import Vectors

Rows = NDArray[np.int64]

_SEARCHED, _COMPARED = 300, 400
"""Most questions that the stronger search is asked for, of the recent ones and of the reference."""
_DOUBT = 0.3
"""How much more has to speak for missing documents where as good as all questions are there and not found."""
_MINOR = 0.12
"""Share of the questions that speak for anything below which a cause is left out beside others."""
_TOLD = 3
"""Questions of a topic that people spoke of, from which on their word counts for all of it."""
_HARM = {
    "refusals": "refused more often",
    "ratings": "rated worse",
    "support": "supported less",
    breakage.LIVE: "found less",
}
"""Finding -> what it says of questions that are new, where it is drift."""


def attribute(
    findings: Sequence[DriftFinding],
    look: Look,
    *,
    texts: Mapping[str, str],
    stronger: Stronger | None = None,
    before: Vectors | None = None,
    hits: Mapping[str, Sequence[str]] | None = None,
    said: Mapping[str, bool] | None = None,
    changes: DocumentChanges | None = None,
    golden: GoldenLoss | None = None,
    seed: int = 17,
) -> tuple[Diagnosis, ...]:
    """Return what is wrong and what would help, what has to be cured first coming first.

    Empty where no finding says drift. Several causes may hold at once: there is one diagnosis for each, with its
    topics. Where the encoder or the index is broken nothing else is looked for, as the rest follows from it. It never
    fails for want of evidence: whatever is missing is left out of the weighing.

    Args:
        findings: of the check, one for each signal.
        look: the questions that they were read from.
        texts: interaction's id -> the question as it was searched for, of reference and recent questions. The more are
            there, the better topics are named and forms told apart; it may be empty.
        stronger: a search beyond the encoder's, asked for at most 700 questions of the look; None: there is none.
        before: vectors of questions from before the reference, shape (m, dimension), in the fixed encoder; None or
            m = 0: there are none.
        hits: interaction's id -> ids of the documents that it was answered from, best first, as they were logged.
        said: interaction's id -> what people say: True, a document answers it that it was not given; False, none does.
        changes: what happened to the documents since the reference began.
        golden: what golden questions lost.
        seed: of what is drawn.
    """
    named = {each.name: each for each in findings}
    if not any(each.verdict is DriftVerdict.DRIFT for each in findings):
        return ()
    if whole := breakage.broken(named):
        return tuple(whole)
    facts = breakage.lost(named, golden, changes)
    asking = [each for each in findings if _is_of_questions(each.name)]
    if not any(each.verdict is DriftVerdict.DRIFT for each in asking):
        return tuple(facts)
    questions = _Questions(look, texts, hits or {}, said or {}, seed)
    told = questions.diagnoses(asking, stronger, before)
    if not told and not facts:
        told = [breakage.unexplained(asking, promoted=look.reset_by == "promotion")]
    return (*facts, *told)


def _is_of_questions(name: str) -> bool:
    """Tell whether a finding is about what people ask, rather than about parts and golden questions."""
    return name not in (*breakage.BROKEN, breakage.DOCUMENTS) and not name.startswith(breakage.GOLDEN)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Group:
    """Questions with one cause, in topics."""

    case: causes.Case
    rows: tuple[Rows, ...]
    remedy: Remedy
    languages: tuple[str, ...] = ()
    doubtful: bool = False  # documents may be missing as well as not be found


class _Questions:
    """The questions of a look, held against its reference."""

    def __init__(
        self,
        look: Look,
        texts: Mapping[str, str],
        hits: Mapping[str, Sequence[str]],
        said: Mapping[str, bool],
        seed: int,
    ) -> None:
        self._look, self._texts, self._hits, self._said, self._seed = look, texts, hits, said, seed
        self._before = forms([texts.get(each) for each in look.reference.interactions])
        self._now = forms([texts.get(each) for each in look.recent.interactions])

    def diagnoses(
        self, findings: Sequence[DriftFinding], stronger: Stronger | None, before: Vectors | None
    ) -> list[Diagnosis]:
        """Return what the new questions tell, the surest first; empty where none is new."""
        look = self._look
        pool = carrying(findings, look)
        new = new_rows(pool, look, self._before, self._now)
        searched = self._search(pool, new, stronger)
        scale = Scale(look, searched, before)
        groups = self._groups(pool, new, scale, searched, findings)
        total = sum(group.case.weight for group in groups)
        groups = [group for group in groups if group.case.weight >= _MINOR * total]
        carried = sum(len(rows) for group in groups for rows in group.rows)
        told = [self._diagnosis(group, total, carried) for group in groups]
        return sorted(told, key=lambda each: -each.sureness)

    def _search(self, pool: Rows, new: Rows, stronger: Stronger | None) -> Searched | None:
        """Return what the stronger search finds for new questions, others of the pool, and some of the reference."""
        look = self._look
        if stronger is None:
            return None
        others = pool[~np.isin(pool, new)][::-1]  # the newest first
        rows = np.concatenate([new, others])[:_SEARCHED]
        rows = np.array([row for row in rows if self._text(look.recent.interactions[row])], dtype=np.int64)
        known = [row for row, each in enumerate(look.reference.interactions) if self._text(each)]
        drawn = np.random.default_rng(self._seed).permutation(np.array(known, dtype=np.int64))[:_COMPARED]
        if not len(rows) or not len(drawn):
            return None
        found, usual = (
            stronger([self._texts[part.interactions[row]] for row in at], part.vectors[at])
            for part, at in ((look.recent, rows), (look.reference, drawn))
        )
        return Searched(
            rows=rows,
            now=Fits.of(found, look.recent.support[rows]),
            before=Fits.of(usual, look.reference.support[drawn]),
        )

    def _groups(
        self, pool: Rows, new: Rows, scale: Scale, searched: Searched | None, findings: Sequence[DriftFinding]
    ) -> list[_Group]:
        look, groups = self._look, []
        ids = look.recent.interactions
        named = np.array([row for row in pool if self._said.get(ids[row]) is True], dtype=np.int64)
        left = new[~np.isin(new, named)]

        unknown = look.recent.language_unknown, look.reference.language_unknown
        if foreign := parting.foreign_among(left, *unknown, self._now, self._before):
            left = left[~np.isin(left, foreign.rows)]
            remedy = Remedy.REPLACE_ENCODER if foreign.unknown > 0.5 else Remedy.RETRAIN
            groups.append(
                _Group(
                    case=causes.foreign_case(foreign),
                    rows=self._topics(foreign.rows),
                    remedy=remedy,
                    languages=foreign.languages,
                )
            )
        if otherwise := parting.put_otherwise_among(left, self._now, self._before, scale):
            left = left[~np.isin(left, otherwise.rows)]
            groups.append(self._group(causes.otherwise_case(otherwise), self._topics(otherwise.rows)))
        put = np.concatenate(
            [np.zeros(0, np.int64), *(rows for group in groups for rows in group.rows), named]
        )
        lost = parting.lost_among(searched, put) if searched is not None else None
        if len(named):
            rows = named if lost is None else np.union1d(lost.rows, named)
            asked, usual = (0, 0.0) if lost is None else (lost.asked, lost.usual)
            lost = parting.Lost(rows=rows, asked=asked, usual=usual)
        if lost is not None:
            left = left[~np.isin(left, lost.rows)]
            groups.append(self._group(causes.lost_case(lost, len(named)), self._topics(lost.rows)))
        return _one_for_not_found(
            [
                *groups,
                *self._by_topic(
                    left,
                    0 if lost is None else len(lost.rows),
                    len(pool),
                    scale,
                    searched is not None,
                    findings,
                ),
            ]
        )

    def _by_topic(
        self,
        left: Rows,
        lost: int,
        asked: int,
        scale: Scale,
        searched: bool,
        findings: Sequence[DriftFinding],
    ) -> list[_Group]:
        """Return those that are put as before, by the cause of each of their topics."""
        unexpected = 1.0 - BYSTANDERS * asked / max(len(left), 1)
        if unexpected <= 0.0 or not len(left):
            return []
        drifted = {each.name for each in findings if each.verdict is DriftVerdict.DRIFT}
        harmed = [text for name, text in _HARM.items() if any(each.startswith(name) for each in drifted)]
        by_cause: dict[Cause, list[tuple[Rows, Weighed]]] = defaultdict(list)
        doubts: Counter[bool] = Counter()  # questions of topics without a cause
        topics = self._topics(left)
        figures = [scale.weigh(rows) for rows in topics]
        least = causes.MISSING + _DOUBT * lost / max(lost + len(left), 1)
        for rows, weighed, drawn in zip(topics, figures, causes.drawn_together(figures), strict=True):
            told = self._absent(rows)
            doubtful = False
            if told is not None:
                cause = Cause.DOCUMENTS_MISSING if told > 0.5 else Cause.NOT_FOUND
            else:
                cause, doubtful = causes.cause_of(weighed, drawn, least=least)
            if cause is Cause.UNKNOWN and harmed and not doubtful:
                cause = Cause.NOT_FOUND
            if cause is Cause.UNKNOWN:
                doubts[doubtful] += len(rows)
            by_cause[cause].append((rows, weighed))
        unsure = doubts[True] > doubts[False]
        return [
            self._group(
                causes.topics_case(
                    cause,
                    [weighed for _, weighed in topics],
                    searched=searched,
                    unexpected=unexpected,
                    harmed=" and ".join(harmed),
                    doubtful=unsure and cause is Cause.UNKNOWN,
                ),
                tuple(rows for rows, _ in topics),
                doubtful=unsure and cause is Cause.UNKNOWN,
            )
            for cause, topics in by_cause.items()
        ]

    def _absent(self, rows: Rows) -> float | None:
        """Return the share of these questions that people say no document answers; None where they say too little."""
        told = [
            self._said[each] for row in rows if (each := self._look.recent.interactions[row]) in self._said
        ]
        return told.count(False) / len(told) if len(told) >= _TOLD else None

    def _topics(self, rows: Rows) -> tuple[Rows, ...]:
        return tuple(
            rows[members] for members in grouping.clusters(self._look.recent.vectors[rows], seed=self._seed)
        )

    def _group(self, case: causes.Case, rows: tuple[Rows, ...], *, doubtful: bool = False) -> _Group:
        return _Group(case=case, rows=rows, remedy=REMEDIES[case.cause], doubtful=doubtful)

    def _diagnosis(self, group: _Group, total: float, carried: int) -> Diagnosis:
        case = group.case
        topics: tuple[Topic, ...] = tuple(
            grouping.topic_of(
                self._look.recent, rows, of=carried, texts=self._texts, before=self._before, hits=self._hits
            )
            for rows in sorted(group.rows, key=lambda rows: -len(rows))
        )
        return Diagnosis(
            cause=case.cause,
            remedy=group.remedy,
            sureness=round(case.surety * (0.5 + 0.5 * case.weight / max(total, 1e-9)), 2),
            reason=case.reason,
            action=action_for(group.remedy, topics, languages=group.languages, doubtful=group.doubtful),
            topics=topics,
        )

    def _text(self, interaction: str) -> str:
        return self._texts.get(interaction, "").strip()


def _one_for_not_found(groups: Sequence[_Group]) -> list[_Group]:
    """Return the groups, those of what is there and not found as one: retraining on all of it is one remedy."""
    lost = [group for group in groups if group.case.cause is Cause.NOT_FOUND]
    if len(lost) < 2:
        return list(groups)
    case = replace(
        max((group.case for group in lost), key=lambda case: case.surety),
        weight=sum(group.case.weight for group in lost),
        reason=" ".join(group.case.reason for group in lost),
    )
    merged = replace(lost[0], case=case, rows=tuple(rows for group in lost for rows in group.rows))
    return [*(group for group in groups if group.case.cause is not Cause.NOT_FOUND), merged]
