"""Signal: what is found answers the questions less surely than before, by the support that was logged."""

from monitoring.domain import DriftFinding, Look
from monitoring.sequential.design import Design
from monitoring.settings import DriftSettings
from monitoring.signals.lowered import lowered

NAME = "support"


def finding(look: Look, level: float, settings: DriftSettings, design: Design | None = None) -> DriftFinding:
    """Return whether support fell, with a false alarm in `level` of calm looks at most.

    Support is calibrated on its release, so the reference has to begin with that release, as it does after a
    promotion. `design` says what may change places; None: it is found out here.
    """
    return lowered(
        NAME,
        look,
        (look.reference.support, look.recent.support),
        level,
        settings,
        design,
        have="have their support logged",
        fell="What is found answers the questions less surely than before",
        held="What is found answers the questions as surely as before",
        measure="the support of what was found",
    )
