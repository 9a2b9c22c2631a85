"""What is watched: every signal of a check, in the order in which its findings are told.

A new signal is plugged in here.
"""

from collections.abc import Callable

from monitoring.checking import Reading, Seen, Signal
from monitoring.domain import DriftFinding, Look
from monitoring.settings import DriftSettings
from monitoring.signals import answers, fit, support, topics

OfQuestions = Callable[[Look, float, DriftSettings], DriftFinding]


def of_questions() -> tuple[Signal, ...]:
    """Return the signals of the questions of a look: none is read where nobody asked since the last check."""
    return tuple(
        Signal(name=name, read=_reading(name, finding), of_questions=True)
        for name, finding in (
            (topics.NAME, topics.finding),
            (fit.NAME, fit.finding),
            (support.NAME, support.finding),
            (answers.REFUSALS, answers.refusals),
            (answers.RATINGS, answers.ratings),
        )
    )


def _reading(name: str, finding: OfQuestions) -> Callable[[Seen], Reading]:
    def read(seen: Seen) -> Reading:
        return Reading(findings=(finding(seen.look, seen.levels[name], seen.settings),))

    return read
