"""Whether right passages are found less often than before."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftReport, DriftVerdict, Window
from monitoring.significance import Comparison, against_null
from rag.domain import Feedback, Interaction

# Up to so many questions that moved, every choice of signs is looked at (2^12); beyond, a sample.
ENUMERATED = 12


def question_recall(found: Collection[str], right: Collection[str]) -> float:
    """Return the share of the right documents that are among the found ones; recall@k of one question."""
    return len(set(found) & set(right)) / len(right)


def baseline(
    reports: Sequence[DriftReport], *, metric: str, release: str, asked: Collection[str], at_least: int
) -> DriftReport | None:
    """Return the report whose golden recall the present one is compared with; None where there is none yet.

    It is the oldest report under the live release, so that a slow decline adds up; before there is one, the
    newest under any release, so that a switch that cost recall is seen. A report that found this metric
    drifted is no baseline, nor is one that shares fewer than `at_least` of the golden questions asked now.
    """
    fit = [
        report
        for report in sorted(reports, key=lambda report: report.created_at)
        if len(report.golden_recall.keys() & set(asked)) >= at_least
        and any(f.name == metric and f.verdict is not DriftVerdict.DRIFT for f in report.findings)
    ]
    same = [report for report in fit if report.release == release]
    return same[0] if same else fit[-1] if fit else None


def paired_drop_test(
    before: NDArray[np.float64], now: NDArray[np.float64], *, permutations: int, seed: int
) -> Comparison:
    """Test whether the mean fell, on the same questions in the same order, shapes (n,).

    Paired randomisation, one-sided: were nothing worse, each question's difference could as well have the
    other sign (Smucker, Allan and Carterette 2007, CIKM, 623-632). Exact up to 12 questions that moved,
    sampled beyond. The statistic is the drop of the mean.
    """
    drops = before - now
    moved = drops[np.abs(drops) > 0]
    if len(moved) <= ENUMERATED:
        bits = np.arange(2 ** len(moved))[:, np.newaxis] >> np.arange(len(moved)) & 1  # (2^moved, moved)
        null = (1.0 - 2.0 * bits) @ moved
    else:
        signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(permutations, len(moved)))
        null = signs @ moved
    return against_null(moved.sum() / len(drops), null / len(drops), complete=len(moved) <= ENUMERATED)


def hit_rate_drop_test(before: NDArray[np.float64], now: NDArray[np.float64]) -> Comparison:
    """Test whether the share of hits fell between two sets of questions, shapes (m,) and (n,), each 0 or 1.

    Fisher's exact test, one-sided: the hits among `now`, given the hits in both, follow the hypergeometric
    distribution where nothing changed (Fisher 1935, J. R. Stat. Soc. 98:39-82). The statistic is the drop
    of the share.
    """
    from scipy import stats  # noqa: PLC0415  heavy, and not needed to import a step

    m, n = len(before), len(now)
    hits = round(float(before.sum() + now.sum()))
    possible = np.arange(max(0, hits - m), min(n, hits) + 1)  # hits in `now`
    p_values = stats.hypergeom.cdf(possible, m + n, hits, n)
    drops = (hits - possible) / m - possible / n
    seen = int(now.sum()) - possible[0]

    def critical(level: float) -> float:
        # The last of `possible` has p = 1, so something is always left.
        return float(drops[p_values > level][0])

    return Comparison(statistic=float(drops[seen]), p_value=float(p_values[seen]), critical=critical)


def labelled_hits(
    windows: tuple[Window, Window], feedback: Mapping[str, Sequence[Feedback]], *, k: int
) -> tuple[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the depth looked at, and for each window its questions' hit_at_k: 1, 0, or nan for no label.

    A question is labelled where a person's feedback names the passage that was right: the newest corrected
    one, else the newest opened one, unless the question was rated bad. It is a hit where that passage is
    among the `depth` first hits as logged when it was asked. Answers log as many hits as their release
    retrieves, so depth is the smaller of k and what was ever logged in each window: both are read equally
    deep.
    """
    logged = [max((len(i.hits) for i in window.interactions), default=0) for window in windows]
    depth = min(k, *logged)
    reference, current = (
        np.array([_hit(i, right_passage(feedback.get(i.id, ())), depth) for i in window.interactions], float)
        for window in windows
    )
    return depth, (reference, current)


def right_passage(feedback: Sequence[Feedback]) -> str | None:
    """Return the passage that an interaction's feedback says is right; None where it does not say."""
    newest_first = sorted(feedback, key=lambda f: f.given_at, reverse=True)
    for judgement in newest_first:
        if judgement.corrected_passage:
            return judgement.corrected_passage
    if any(judgement.rating is not None and judgement.rating < 0 for judgement in newest_first):
        return None
    return next((f.clicked_passage for f in newest_first if f.clicked_passage), None)


def _hit(interaction: Interaction, right: str | None, depth: int) -> float:
    if right is None:
        return float("nan")
    return float(any(hit.passage_id == right and hit.rank <= depth for hit in interaction.hits))
