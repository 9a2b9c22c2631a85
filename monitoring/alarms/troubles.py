"""Which findings speak for a diagnosis, and when two diagnoses are about the same trouble. Pure."""

from monitoring.domain import Cause, Diagnosis, DriftReport, DriftVerdict, Topic

FACTS = frozenset({Cause.INDEX_BROKEN, Cause.ENCODER_BROKEN, Cause.DOCUMENTS_CHANGED, Cause.RELEASE_WORSE})
"""Causes that are right or wrong at each check by themselves, so that they end when what was wrong is right again."""

SETTLED = frozenset({Cause.UNKNOWN, Cause.OLD_TOPIC})
"""Causes by which questions that are new and answered are told."""

OVERLAP = 0.3
"""Share of the questions, or of the words, by which two topics are taken for one."""

GOLDEN = "golden_recall"
"""How the finding's name begins; then comes @k."""

PARTS = ("index", "canaries", GOLDEN)
"""How the names of findings begin that say nothing of what people ask."""

_SIGNALS = {
    Cause.INDEX_BROKEN: ("index",),
    Cause.ENCODER_BROKEN: ("canaries",),
    Cause.DOCUMENTS_CHANGED: ("documents", "golden_recall"),
    Cause.RELEASE_WORSE: ("golden_recall", "live_recall"),
}
"""Cause -> how the names of the findings begin that can say so; every other cause: all that say drift but these."""


def signals_of(diagnosis: Diagnosis, report: DriftReport) -> tuple[str, ...]:
    """Return the names of the findings that say what is diagnosed."""
    drifted = [each.name for each in report.findings if each.verdict is DriftVerdict.DRIFT]
    wanted = _SIGNALS.get(diagnosis.cause)
    golden = [name for name in drifted if name.startswith(GOLDEN)]
    explained = {Cause.DOCUMENTS_CHANGED, Cause.RELEASE_WORSE}.intersection(
        each.cause for each in report.diagnoses
    )
    if wanted is not None:
        own = [name for name in drifted if name.startswith(wanted)]
    elif diagnosis.cause is Cause.UNKNOWN and golden and not diagnosis.topics and not explained:
        own = golden
    else:
        own = [name for name in drifted if not name.startswith(PARTS)]
    return tuple(own or drifted)


def one_topic(before: Diagnosis, now: Diagnosis) -> bool:
    """Tell whether two diagnoses may be about the same topics; where one names none, they may."""
    if not before.topics or not now.topics:
        return True
    return shared(before, now) > 0


def shared(before: Diagnosis, now: Diagnosis) -> float:
    """Return the share of a diagnosis's questions that are of topics of an earlier one; 0 where one names none."""
    total = sum(each.count for each in now.topics)
    known = [each for each in now.topics if any(_overlap(one, each) >= OVERLAP for one in before.topics)]
    return sum(each.count for each in known) / total if total else 0.0


def _overlap(one: Topic, other: Topic) -> float:
    """Return the share of questions, or of words where those are others by now, that two topics have in common."""

    def share(left: set[str], right: set[str]) -> float:
        return len(left & right) / min(len(left), len(right)) if left and right else 0.0

    return max(share(set(one.interactions), set(other.interactions)), share(set(one.words), set(other.words)))
