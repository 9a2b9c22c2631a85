"""Figures of a topic -> its cause; questions with one cause -> how much speaks for it, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.attribution.advising import joined, questions
from monitoring.attribution.parting import Foreign, Form, Lost, Otherwise
from monitoring.attribution.weighing import Weighed
from monitoring.domain import Cause

MISSING = 0.36
"""Absence from which on documents are missing: of topics that have documents, most have less than 0.35."""
_FAR, _NEAR = 0.32, 0.36
"""Chance that the passage that has the words is nearer than in the reference: below the first it is about something
else, from the second on it is on the matter. Without documents it was 0.36 at most, with documents that the encoder
missed 0.32 at least; between them nobody can tell."""
_HAS_WORDS, _AGREED = 0.45, 0.5
"""Chances from which on words, or words and encoder together, find a passage as before: it is not plain that none is
there."""
_APART = 0.27
"""Chance that one passage stands out for words and encoder alike, below which the encoder does not find what words
do. It is more where a topic has documents that are found."""
_DRAWN = 15.0
_SPREAD = 1.3
"""Two standard deviations of the absence of one question: below this over the root of n it may be chance."""
_NEARER, _MOST = 0.06, 0.6
"""By how much nearer in cosine earlier questions are than those of the reference where a topic returns, and for which
share of it. For a topic that is new it is 0.05 at most, however many earlier questions there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A cause that holds for some questions."""

    cause: Cause
    weight: float  # questions that speak for it, beyond those there would be by chance
    surety: float  # 0 to 1, were it the only one
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """Figures of a topic, drawn towards the mean of all topics."""

    absent: float  # its absence
    words: float
    there: float | None
    agreed: float


def absence(weighed: Weighed) -> float:
    """Return how much speaks for it that documents are missing: about 0 where nothing does, 1 for a foreign subject.

    The passages nearest to the questions are farther than before, none has their words, and they are refused.
    """
    near = 2 * (0.5 - weighed.fit) + (0.5 - weighed.words)
    return near + 2 * max(weighed.unknown, 0.0) + 0.5 * max(weighed.refused, 0.0)


def cause_of(weighed: Weighed, drawn: Drawn, *, least: float = MISSING) -> tuple[Cause, bool]:
    """Return the cause of a topic that is put as before, and whether its documents may be missing or not be found.

    Where its passages are farther than before, documents are missing if the passage that has its words is far too. If
    that one is hardly farther than usual, documents are there; else nobody can tell, and the cause is unknown.

    Args:
        weighed: its figures.
        drawn: the same, drawn towards those of all topics.
        least: the absence from which on something is amiss.
    """
    returns = weighed.gain is not None and weighed.gain >= _NEARER and weighed.earlier >= _MOST
    least = max(least * (1.5 if returns else 1.0), _SPREAD / np.sqrt(max(weighed.count, 1)))
    if drawn.absent >= least:
        found = drawn.words >= _HAS_WORDS or drawn.agreed >= _AGREED
        if drawn.there is None or (drawn.there < _FAR and not found):
            return Cause.DOCUMENTS_MISSING, False
        if drawn.there >= _NEAR and drawn.agreed < _APART:
            return Cause.NOT_FOUND, False
    if returns:
        return Cause.OLD_TOPIC, False
    return Cause.UNKNOWN, drawn.absent >= least


def drawn_together(weighed: Sequence[Weighed]) -> list[Drawn]:
    """Return the figures of each topic, drawn towards the mean of all as if 15 more questions had that."""

    def drawn(each: Weighed, figure: Callable[[Weighed], float | None]) -> float | None:
        own, mean = figure(each), _mean(weighed, figure)
        if own is None or mean is None:
            return mean
        return (each.count * own + _DRAWN * mean) / (each.count + _DRAWN)

    return [
        Drawn(
            absent=drawn(each, absence) or 0.0,
            words=drawn(each, lambda one: one.words) or 0.0,
            there=drawn(each, lambda one: one.there),
            agreed=drawn(each, lambda one: one.agreed) or 0.0,
        )
        for each in weighed
    ]


def foreign_case(foreign: Foreign) -> Case:
    """Return the case of questions in another language."""
    count = len(foreign.rows)
    spoken = (
        joined([each.capitalize() for each in foreign.languages]) or "a language that was not asked in before"
    )
    knows = (
        f"the encoder does not know it for {foreign.unknown:.0%} of them"
        if foreign.unknown
        else "nobody asked in it before"
    )
    reason = f"{questions(count)} {_are(count)} in {spoken}, and {knows}."
    return Case(cause=Cause.ASKED_OTHERWISE, weight=count, surety=0.6 + 0.35 * foreign.unknown, reason=reason)


def otherwise_case(otherwise: Otherwise) -> Case:
    """Return the case of questions on known topics that are put otherwise."""
    put = {
        Form.KEYWORDS: "as key words, without the small words of a sentence",
        Form.LONGER: "at greater length",
        Form.SENTENCES: "as whole sentences, where key words were usual",
    }[otherwise.form]
    count = len(otherwise.rows)
    reason = (
        f"{questions(count)} on topics that were asked about before {_are(count)} put {put}: "
        f"{otherwise.words:.0f} words at the median, {otherwise.before:.0f} before."
    )
    return Case(cause=Cause.ASKED_OTHERWISE, weight=count, surety=_sure(count), reason=reason)


def lost_case(lost: Lost, people: int) -> Case:
    """Return the case of questions whose passages are there; `people` is how many of them people say so of."""
    count, beyond = len(lost.rows), max(len(lost.rows) - people - lost.usual * lost.asked, 0.0) + people
    share = (count - people) / lost.asked if lost.asked else 0.0
    reasons = []
    if count > people:
        reasons.append(
            f"For {share:.0%} of {questions(lost.asked)} a stronger search finds a passage that fits much better "
            f"than what the encoder finds; in the reference for {lost.usual:.0%}"
        )
    if people:
        reasons.append(f"people name a document that answers {questions(people)} and was not given")
    text = "; ".join(reasons)
    return Case(
        cause=Cause.NOT_FOUND, weight=beyond, surety=_sure(beyond), reason=f"{text[:1].upper()}{text[1:]}."
    )


def topics_case(
    cause: Cause,
    weighed: Sequence[Weighed],
    *,
    searched: bool,
    unexpected: float,
    harmed: str,
    doubtful: bool = False,
) -> Case:
    """Return the case of topics with one cause.

    Args:
        cause: which.
        weighed: their figures.
        searched: a stronger search looked for them too.
        unexpected: so many of the questions are there beyond chance, as a share.
        harmed: what says that they fare worse, though their passages are as near; empty: nothing.
        doubtful: their documents may be missing as well as not be found.
    """
    count = sum(each.count for each in weighed)
    fit = _mean(weighed, lambda each: each.fit) or 0.5
    best, before = _mean(weighed, lambda each: each.best), _mean(weighed, lambda each: each.best_before)
    near = (
        f"the nearest passage's similarity (1: the same) is {best:.2f} at the median, {before:.2f} for those before"
        if best is not None and before is not None
        else "there is no passage to compare them with"
    )
    surety, reason = _sure(count), ""
    match cause:
        case Cause.DOCUMENTS_MISSING:
            unknown = _mean(weighed, lambda each: each.unknown) or 0.0
            words = ""
            if unknown >= 0.01:
                words = f"; {unknown:.0%} more of their words are in no passage"
            elif searched:
                words = "; a search by words finds nothing better"
            reason = f"{questions(count)} {_are(count)} new, and {near}{words}."
            strength = np.mean([absence(each) for each in weighed])
            surety *= min(0.5 + float(strength), 1.0) * (1.0 if searched else 0.8)
        case Cause.OLD_TOPIC:
            reason = f"{questions(count)} {_are(count)} new since the reference began and were asked before it; {near}."
        case Cause.NOT_FOUND if not harmed:
            reason = (
                f"{questions(count)} {_are(count)} new, and {near}; but the passages that have their words are hardly "
                "farther than before, and the encoder ranks others before them."
            )
            surety *= 0.8
        case Cause.UNKNOWN if doubtful:
            reason = (
                f"{questions(count)} {_are(count)} new, and {near}. Passages that have their words are there, and it "
                "cannot be told whether they answer."
            )
            surety *= 0.5
        case Cause.NOT_FOUND:
            reason = f"{questions(count)} {_are(count)} new and {harmed}, though documents are there: {near}."
            surety *= 0.7
        case _:
            reason = (
                f"{questions(count)} {_are(count)} new, and the documents fit them as well as those before: {near}."
                if fit > 0.4
                else f"{questions(count)} {_are(count)} new; {near}, which may be chance."
            )
            surety *= 0.5
    return Case(cause=cause, weight=count * unexpected, surety=float(surety), reason=reason)


def _sure(count: float) -> float:
    """Return how sure so many questions make of what they show: 0.5 for 5, 0.8 for 20, 0.95 for 100."""
    return float(count / (count + 5))


def _mean(weighed: Sequence[Weighed], figure: Callable[[Weighed], float | None]) -> float | None:
    """Return a figure over all questions of some topics; None where it is not known."""
    known = [(value, each.count) for each in weighed if (value := figure(each)) is not None]
    total = sum(count for _, count in known)
    return sum(value * count for value, count in known) / total if total else None


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
