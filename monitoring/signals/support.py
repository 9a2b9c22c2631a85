"""Signal: the documents fit the questions better or worse than before, by the similarity of each best passage."""

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict
from monitoring.ports import WindowSample
from monitoring.settings import DriftSettings
from monitoring.signals.judging import Measured, too_few_questions, untested
from monitoring.significance import Comparison

NAME = "top_score_ks"


def ks_test(reference_scores: NDArray[np.float64], current_scores: NDArray[np.float64]) -> Comparison:
    """Test whether two sets of scores, shapes (m,) and (n,), come from one distribution.

    Two-sample Kolmogorov-Smirnov: the biggest gap between the two shares of scores below a value, two-
    sided, with the p-value of the limiting distribution at m n / (m + n) (Hodges 1958, Ark. Mat.
    3:469-486). On the cosine of each question's best passage it sees questions the documents say less
    about.
    """
    from scipy import stats  # noqa: PLC0415  heavy, and not needed to import a step

    m, n = len(reference_scores), len(current_scores)
    result = stats.ks_2samp(reference_scores, current_scores, method="asymp")

    def critical(level: float) -> float:
        return float(stats.kstwo.isf(level, np.round(m * n / (m + n))))

    return Comparison(statistic=float(result.statistic), p_value=float(result.pvalue), critical=critical)


def support_finding(
    reference: WindowSample, current: WindowSample, settings: DriftSettings
) -> Measured | DriftFinding:
    """Return whether the best passage's similarity changed."""
    counts = len(reference.vectors), len(current.vectors)
    if too_few := too_few_questions(NAME, counts, needed=settings.min_questions):
        return too_few
    if reference.top_scores is None or current.top_scores is None:
        reason = "There are no passages to compare questions with."
        return untested(NAME, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=counts)
    before, now = float(np.median(reference.top_scores)), float(np.median(current.top_scores))
    change = f"the best passage's similarity to the question was {before:.3f} at the median and is {now:.3f}"
    return Measured(
        name=NAME,
        comparison=ks_test(reference.top_scores, current.top_scores),
        reference=before,
        current=now,
        counts=counts,
        drifted=(
            f"The documents fit the questions {'worse' if now < before else 'otherwise'} than before: "
            f"{change}"
        ),
        calm=f"The documents fit the questions as before: {change}",
    )
