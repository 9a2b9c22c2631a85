"""A report in the order in which a person asks: the verdict, why, what to do, what it was held to. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.domain import MONTH, Alarm, Cause, Diagnosis, DriftReport, DriftVerdict

SEEN_AFTER = ((5_000.0, 90), (50_000.0, 100), (500_000.0, 125))
"""Run length -> questions after which a fifth on foreign topics is seen, at the median; nearer ones take longer.

By the signal of topics alone, a look every 25 questions, a reference of 1,000: 10 streams of FeedbackQA's train and dev
questions each, into which questions of MedQuAD come.
"""

_WORDS = 3
"""Words of a topic that its name has."""

_HEADLINES = {
    Cause.DOCUMENTS_MISSING: "documents are missing",
    Cause.NOT_FOUND: "documents are there and are not found",
    Cause.ASKED_OTHERWISE: "people put their questions otherwise than before",
    Cause.DOCUMENTS_CHANGED: "documents that golden questions ask for have changed or are gone",
    Cause.INDEX_BROKEN: "the index does not hold what the documents say",
    Cause.ENCODER_BROKEN: "the encoder embeds known texts otherwise than it did",
    Cause.RELEASE_WORSE: "the release that serves finds less than the one before",
    Cause.OLD_TOPIC: "a topic that went is asked about again",
    Cause.UNKNOWN: "something changed, and nothing tells what",
}
"""Each cause in a few words, as the end of a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A report for people. Every part is whole sentences."""

    verdict: str  # the first line
    why: tuple[str, ...]
    to_do: tuple[str, ...]
    held_to: str  # the error budget, and what it costs in delay; empty: nothing was tested


def tell(report: DriftReport, standing: Sequence[Alarm] = ()) -> Told:
    """Return a report for people; `standing` are the tenant's alarms, which go on while a check is calm."""
    told = {
        DriftVerdict.DRIFT: _drift,
        DriftVerdict.CALM: _calm,
        DriftVerdict.NOT_ENOUGH_DATA: _not_enough,
        DriftVerdict.NOTHING_NEW: _nothing_new,
    }[report.verdict](report)
    if standing and report.verdict is not DriftVerdict.DRIFT:
        told = _beside(standing, told)
    return told


def name_of(diagnosis: Diagnosis) -> str:
    """Return a cause with what it is about: "documents are missing (parental, leave, abroad)"."""
    words = [", ".join(topic.words[:_WORDS]) for topic in diagnosis.topics if topic.words]
    about = "; ".join(words[:2]) + ("; ..." if len(words) > 2 else "")
    return f"{_HEADLINES[diagnosis.cause]}{f' ({about})' if about else ''}"


def unmeasured(report: DriftReport) -> list[str]:
    """Return a sentence for each signal that gives no verdict."""
    return [
        f"{each.name}: {each.reason}"
        for each in report.findings
        if each.verdict is DriftVerdict.NOT_ENOUGH_DATA
    ]


def _drift(report: DriftReport) -> Told:
    found = tuple(each.reason for each in report.findings if each.verdict is DriftVerdict.DRIFT)
    if not report.diagnoses:
        return Told(
            verdict=f"Drift: {_HEADLINES[Cause.UNKNOWN]}.",
            why=found,
            to_do=("Read the questions that carry it: `whetstone questions`.",),
            held_to=held_to(report),
        )
    first, *others = report.diagnoses
    more = f", and {len(others)} more cause{'s' if len(others) > 1 else ''}" if others else ""
    return Told(
        verdict=f"Drift: {name_of(first)}{more}.",
        why=(*(each.reason for each in report.diagnoses), *found),
        to_do=tuple(dict.fromkeys(each.action for each in report.diagnoses)),
        held_to=held_to(report),
    )


def _calm(report: DriftReport) -> Told:
    return Told(
        verdict=f"Calm: nothing changed beyond chance, {_questions(report.new, 'new ')} included.",
        why=(),
        to_do=("Nothing.",),
        held_to=held_to(report),
    )


def _not_enough(report: DriftReport) -> Told:
    reference, current = report.reference, report.current
    gathered = _questions(reference.count + current.count, "distinct ")
    so_far, why = f"{gathered} so far", "New questions are compared with a reference of those before them."
    if reference.needed > reference.count:
        so_far = f"{reference.count:,} of {reference.needed:,} distinct questions to compare with"
        why = (
            f"New questions are compared with a reference of those before them; it takes {reference.needed:,} distinct "
            "questions (WHETSTONE_DRIFT_MIN_QUESTIONS)."
        )
    elif current.needed > current.count:
        so_far = f"{current.count:,} of {current.needed:,} new distinct questions so far"
        why = f"The reference is gathered; what is compared with it takes {current.needed:,} distinct questions."
    elif said := next((each.reason for each in report.findings if each.name == "topics"), ""):
        so_far, why = f"{gathered}, too few of which can be compared", said
    missing = max(reference.needed - reference.count, 0) + max(current.needed - current.count, 0)
    return Told(
        verdict=f"Not enough questions for a verdict: {so_far}.",
        why=(why,),
        to_do=(f"Let people ask, and look again{_in_time(report, missing)}.",),
        held_to="",
    )


def _in_time(report: DriftReport, missing: int) -> str:
    """Return when so many more questions will have been asked at the traffic seen; empty: nobody knows."""
    if not missing or report.months <= 0 or report.run_length <= 0:
        return ""
    days = math.ceil(missing / _a_day(report))
    when = f"{days:,} days" if days > 1 else "a day"
    return f"; {missing:,} more distinct questions are asked in about {when} at the traffic seen"


def _nothing_new(report: DriftReport) -> Told:
    return Told(
        verdict="Nothing new: nobody asked since the last check, so what it said of questions stands.",
        why=(),
        to_do=("Nothing.",),
        held_to=held_to(report),
    )


def _beside(standing: Sequence[Alarm], told: Told) -> Told:
    """Say first what stands, and then what the newest check adds."""
    first = min(standing, key=lambda each: each.opened_at)
    more = f", and {len(standing) - 1} more" if len(standing) > 1 else ""
    return Told(
        verdict=f"An alarm stands since {first.opened_at:%Y-%m-%d}{more}: {first.sentence}",
        why=(*(each.sentence for each in standing if each is not first), told.verdict, *told.why),
        to_do=tuple(dict.fromkeys(each.action for each in standing)),
        held_to=told.held_to,
    )


def held_to(report: DriftReport) -> str:
    """Return what the check was held to, and what that costs; empty where nothing was tested."""
    if report.run_length <= 0 or report.verdict is DriftVerdict.NOT_ENOUGH_DATA:
        return ""
    said = f"Held to one false alarm in {report.run_length:,.0f} distinct questions on average, however often one looks"
    if report.months > 0:
        said += f": {report.months:g} months at {_a_day(report):,.0f} a day"
    after = next((count for length, count in SEEN_AFTER if report.run_length <= length), None)
    if after is None:
        return f"{said}."
    return f"{said}. A fifth of the questions on something foreign is then seen after about {after}."


def _a_day(report: DriftReport) -> float:
    """Return the distinct questions of a day at the traffic seen, where the months are known."""
    return report.run_length / (report.months * MONTH)


def _questions(count: int, kind: str = "") -> str:
    return f"{count:,} {kind}question{'' if count == 1 else 's'}"
