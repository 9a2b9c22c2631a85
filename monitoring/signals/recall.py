"""Signal: right passages are found less often than before. Paired tests on golden questions and on people's labels."""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import DriftFinding, DriftVerdict, PastRecall, Window
from monitoring.ports import DriftReportStore
from monitoring.settings import DriftSettings
from monitoring.signals.judging import Measured, untested
from monitoring.significance import Comparison, against_null
from rag.domain import Feedback, Interaction

LABELLED = "labelled_recall"
"""How the finding's name begins; then comes @k."""

DRIFT = DriftVerdict.DRIFT

# Up to so many questions that moved, every choice of signs is looked at (2^12); beyond, a sample.
ENUMERATED = 12


def question_recall(found: Collection[str], right: Collection[str]) -> float:
    """Return the share of the right documents that are among the found ones; recall@k of one question."""
    return len(set(found) & set(right)) / len(right)


def baseline(
    reports: DriftReportStore,
    *,
    tenant: str,
    metric: str,
    releases: Collection[str],
    asked: Collection[str],
    at_least: int,
) -> PastRecall | None:
    """Return the golden recall that the present one is compared with; None where there is none yet.

    It is that of the oldest report under the live release, however many there are, so that a slow decline
    adds up; a calibration changes nothing of what is found, so `releases` are its digests in all of its
    calibrations. Before there is one it is that of the newest report under any release, so that a switch that
    cost recall is seen. A report that found this metric drifted is no baseline, nor is one that shares fewer
    than `at_least` of the golden questions asked now.
    """

    def fits(past: PastRecall) -> bool:
        shared = past.recall.keys() & set(asked)
        return len(shared) >= at_least and past.verdicts.get(metric, DRIFT) is not DRIFT

    # Read one after the other, so that years of reports cost nothing once one fits.
    of_the_release = reports.recalls(tenant=tenant, releases=releases)
    of_any = reports.recalls(tenant=tenant, newest_first=True)
    return next(filter(fits, chain(of_the_release, of_any)), None)


def golden_finding(
    recall: Mapping[str, float],
    *,
    gone: int,
    reports: DriftReportStore,
    tenant: str,
    releases: Collection[str],
    settings: DriftSettings,
) -> Measured | DriftFinding:
    """Return whether golden questions are found less often than at their baseline, one of the earlier reports.

    `recall` is golden question's id -> recall@k now, `releases` as for `baseline`. Of the questions `gone` ask for
    documents that are no longer there; they count as not found.
    """
    name = f"golden_recall@{settings.recall_k}"
    count, enough = len(recall), settings.min_labelled
    if count < enough:
        reason = f"There are {count} golden questions; {enough} are needed."
        return untested(name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=(0, count))
    then = baseline(
        reports, tenant=tenant, metric=name, releases=releases, asked=recall.keys(), at_least=enough
    )
    if then is None:
        value = float(np.mean(list(recall.values())))
        reason = f"Recall on {count} golden questions is {value:.1%}; later checks compare with it."
        return untested(name, DriftVerdict.CALM, reason, counts=(0, count), current=value)
    both = sorted(recall.keys() & then.recall.keys())
    before, now = (np.array([values[each] for each in both], float) for values in (then.recall, recall))
    change = (
        f"on {len(both)} golden questions it was {before.mean():.1%} on {then.created_at:%Y-%m-%d} "
        f"and is {now.mean():.1%}"
    )
    if gone:
        change += f" ({gone} ask for documents that are gone)"
    return Measured(
        name=name,
        comparison=paired_drop_test(before, now, permutations=settings.permutations, seed=settings.seed),
        reference=float(before.mean()),
        current=float(now.mean()),
        counts=(len(both), len(both)),
        drifted=f"Recall fell: {change}",
        calm=f"Recall did not fall beyond chance: {change}",
    )


def labelled_finding(
    reference: NDArray[np.float64], current: NDArray[np.float64], *, depth: int, settings: DriftSettings
) -> Measured | DriftFinding:
    """Return whether right passages are found less often than in the reference.

    `reference`, shape (m,), and `current`, shape (n,), are the hit_at_k of questions before and now, nan where nobody
    said what was right; `depth` is the k of both.
    """
    before, now = reference[~np.isnan(reference)], current[~np.isnan(current)]
    name = f"{LABELLED}@{depth or settings.recall_k}"
    counts = len(before), len(now)
    if min(counts) < settings.min_labelled:
        reason = (
            f"People named the right passage of {counts[0]} questions before and {counts[1]} now; "
            f"{settings.min_labelled} in each are needed."
        )
        return untested(name, DriftVerdict.NOT_ENOUGH_DATA, reason, counts=counts)
    change = (
        f"of the questions whose right passage people named, {before.mean():.1%} had it before "
        f"and {now.mean():.1%} now"
    )
    return Measured(
        name=name,
        comparison=hit_rate_drop_test(before, now),
        reference=float(before.mean()),
        current=float(now.mean()),
        counts=counts,
        drifted=f"Right passages are found less often: {change}",
        calm=f"Right passages are not found less often beyond chance: {change}",
    )


def paired_drop_test(
    before: NDArray[np.float64], now: NDArray[np.float64], *, permutations: int, seed: int
) -> Comparison:
    """Test whether the mean fell, on the same questions in the same order, shapes (n,).

    Paired randomisation, one-sided: were nothing worse, each question's difference could as well have the
    other sign (Smucker, Allan and Carterette 2007, CIKM, 623-632). Exact up to 12 questions that moved; beyond,
    `permutations` choices of signs are drawn. The statistic is the drop of the mean.
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
    retrieves. So depth is the smallest of k and the most that was logged in either window, and both are read
    equally deep.
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
