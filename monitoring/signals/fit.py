"""Signal: the documents fit the questions worse than before, by the similarity of each question's best passage."""

from monitoring.domain import DriftFinding, Look
from monitoring.sequential.design import Design
from monitoring.settings import DriftSettings
from monitoring.signals.lowered import lowered

NAME = "fit"


def finding(look: Look, level: float, settings: DriftSettings, design: Design | None = None) -> DriftFinding:
    """Return whether the best passage's similarity fell, with a false alarm in `level` of calm looks at most.

    Both sides are compared with the passages of today, so that a question says more about topics without documents than
    about documents that went. `design` says what may change places; None: it is found out here.
    """
    return lowered(
        NAME,
        look,
        (look.reference.best, look.recent.best),
        level,
        settings,
        design,
        have="have a passage to be compared with",
        fell="The documents fit the questions worse than before",
        held="The documents fit the questions as before",
        measure="the best passage's similarity to the question",
    )
