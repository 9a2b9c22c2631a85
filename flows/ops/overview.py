"""What a person asks first: what serves, how much there is, what waits for a decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.bootstrap import Doors
from monitoring.domain import Alarm, DriftReport
from rag.domain import Deployment, Replica
from rag.releases.standing import Standing, standing
from retrain.domain import Candidate, CandidateStatus
from retrain.promotion.staging import alive


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """What serves."""

    deployment: Deployment
    encoder: str  # digest and kind
    standing: Standing  # of its calibration


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """An installation at one moment."""

    home: Path
    documents: int
    in_part: int  # documents, of which something was not read
    live: Live | None  # None: nothing is live yet
    replicas: Sequence[Replica]  # those heard of lately
    questions: int  # logged
    report: DriftReport | None  # the newest
    alarms: Sequence[Alarm]  # those that stand
    waiting: Sequence[Candidate]  # for a person's decision

    def rows(self) -> list[tuple[str, str]]:
        """Return what is to be known, and its value."""
        report = self.report
        alarms = [(f"alarm {each.id[:8]}", f"{each.sentence} {each.action}") for each in self.alarms]
        in_part = f", {self.in_part} of them read in part" if self.in_part else ""
        checked = (
            f"{report.verdict.replace('_', ' ')} ({report.created_at:%Y-%m-%d %H:%M})" if report else "-"
        )
        waiting = ", ".join(f"{c.id[:8]} ({c.verdict.outcome})" for c in self.waiting)
        return [
            *alarms,
            ("home", str(self.home)),
            ("documents", f"{self.documents}{in_part}"),
            *self._live(),
            ("services alive", ", ".join(replica.id for replica in self.replicas) or "none"),
            ("questions logged", str(self.questions)),
            ("last drift report", checked),
            ("candidates waiting", waiting or "none"),
        ]

    def _live(self) -> list[tuple[str, str]]:
        if self.live is None:
            return [("live release", "none yet: `whetstone serve` makes the first")]
        deployment, standing = self.live.deployment, self.live.standing
        return [
            ("epoch", str(deployment.epoch)),
            ("live release", deployment.release),
            ("encoder", self.live.encoder),
            ("threshold", f"{standing.threshold:g}"),
            ("calibrated", standing.sentence()),
            ("previous release", deployment.previous or "-"),
            ("staged release", deployment.staged or "-"),
        ]


def overview(doors: Doors) -> Overview:
    """Return what there is now."""
    stores, settings = doors.rag.stores, doors.rag.settings
    return Overview(
        home=settings.home,
        documents=stores.documents.count(),
        in_part=stores.documents.count(in_part=True),
        live=_live(doors),
        replicas=alive(stores.replicas),
        questions=stores.interactions.count(),
        report=next(iter(doors.monitoring.reports.newest(1, tenant=settings.tenant)), None),
        alarms=doors.monitoring.alarms.standing(tenant=settings.tenant),
        waiting=doors.retraining.candidates.having(CandidateStatus.EVALUATED),
    )


def _live(doors: Doors) -> Live | None:
    stores = doors.rag.stores
    deployment = stores.releases.deployment()
    if deployment is None:
        return None
    encoder = stores.releases.get(deployment.release).encoder
    return Live(
        deployment=deployment,
        encoder=f"{encoder} ({doors.rag.models.encoders.kind(encoder)})",
        standing=standing(stores.releases, stores.documents),
    )
