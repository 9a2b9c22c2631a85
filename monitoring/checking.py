"""One whole check: gather, measure, test, judge, report."""

import math
from collections.abc import Collection, Sequence

from monitoring.domain import DriftFinding, DriftReport, DriftVerdict, Window
from monitoring.gathering import Compared
from monitoring.measuring import Instruments, measure
from monitoring.ports import DriftReportStore, ReportRenderer
from monitoring.settings import DriftSettings
from monitoring.signals.judging import judge
from monitoring.signals.questions import question_finding
from monitoring.signals.recall import golden_finding, labelled_finding
from monitoring.signals.support import support_finding
from rag.domain import new_id
from rag.errors import SettingInvalid

MOST_TESTS = 4
"""Tests a check makes at most; the permutations have to reach the level that is left for one of them."""


def check_drift(
    compared: Compared,
    instruments: Instruments,
    *,
    tenant: str,
    reports: DriftReportStore,
    renderer: ReportRenderer,
    settings: DriftSettings,
    alike: Collection[str] = (),
) -> DriftReport:
    """Return a report on what is asked and found now, compared with what was before.

    Up to four findings, held together to the level alpha by Holm's correction: ``question_mmd`` (topics),
    ``top_score_ks`` (how near the best passage is), ``golden_recall@k`` (golden questions, live release)
    and ``labelled_recall@k`` (questions whose right passage people named).

    Drift where any finding is; else not enough data where a window is too small; else calm.

    `alike` are the digests of releases that differ from the live one by their calibrations alone. One of the earlier
    `reports`, which are only read, is the golden questions' baseline.

    Raises:
        SettingInvalid: so few permutations that no difference could be significant.
    """
    _check_permutations(settings)
    measured = measure(compared, instruments, tenant=tenant, k=settings.recall_k)
    samples = measured.reference, measured.current
    release = instruments.live.release.digest
    findings = judge(
        [
            question_finding(*samples, settings),
            support_finding(*samples, settings),
            golden_finding(
                measured.golden_recall,
                gone=measured.gone,
                reports=reports,
                tenant=tenant,
                releases={release, *alike},
                settings=settings,
            ),
            labelled_finding(
                *(sample.hit_at_k for sample in samples), depth=measured.depth, settings=settings
            ),
        ],
        settings.alpha,
    )
    reference, current = compared.reference, compared.current
    enough = min(len(reference.interactions), len(current.interactions)) >= settings.min_questions
    verdict = _verdict(findings, enough=enough)
    snapshot = ""
    if verdict is not DriftVerdict.NOT_ENOUGH_DATA:
        before, now = samples if enough else (None, None)
        snapshot = renderer.snapshot(
            findings, reference, current, reference_sample=before, current_sample=now
        )
    return DriftReport(
        id=new_id(),
        tenant=tenant,
        verdict=verdict,
        findings=findings,
        encoder=instruments.encoder.digest,
        release=release,
        reference=_describe(reference),
        current=_describe(current),
        snapshot=snapshot,
        golden_recall=measured.golden_recall,
    )


def _check_permutations(settings: DriftSettings) -> None:
    if (settings.permutations + 1) * settings.alpha < MOST_TESTS:
        raise SettingInvalid(
            f"{settings.permutations} permutations cannot show drift at alpha {settings.alpha}; "
            f"set WHETSTONE_DRIFT_PERMUTATIONS to {math.ceil(MOST_TESTS / settings.alpha)} or more."
        )


def _verdict(findings: Sequence[DriftFinding], *, enough: bool) -> DriftVerdict:
    if any(finding.verdict is DriftVerdict.DRIFT for finding in findings):
        return DriftVerdict.DRIFT
    return DriftVerdict.CALM if enough else DriftVerdict.NOT_ENOUGH_DATA


def _describe(window: Window) -> dict[str, str | int | None]:
    return {
        "name": window.name,
        "since": window.since.isoformat() if window.since else None,
        "until": window.until.isoformat() if window.until else None,
        "count": len(window.interactions),
        "language_unknown": sum(each.language_unknown for each in window.interactions),
    }
