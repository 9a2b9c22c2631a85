"""The door of monitoring: an installation and settings in, what watches it out."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from monitoring.adapters.evidently import EvidentlyRenderer
from monitoring.adapters.live_index import SqlLiveIndex, live_here
from monitoring.adapters.passage_files import NumpyPassageFiles
from monitoring.adapters.sample_search import SampleSearch
from monitoring.adapters.sql import (
    SqlAlarms,
    SqlAskedLog,
    SqlCanaries,
    SqlDeliveries,
    SqlDriftReports,
    SqlGolden,
    SqlSamples,
    SqlStateReader,
    SqlWatches,
)
from monitoring.adapters.webhook import webhook_of
from monitoring.alarms.alarming import ASKED_FOR, Alarms
from monitoring.alarms.delivering import Deliveries
from monitoring.alarms.following import NEVER_RIGHT
from monitoring.alarms.trigger import Made, Trigger, should_retrain
from monitoring.checking import Check, Signal
from monitoring.diagnosing import Clues
from monitoring.domain import ALL_TENANTS, Alarm, DriftReport, Look, PassageSample, Remedy
from monitoring.intake.gathering import Sources, completed, gather, reset
from monitoring.intake.passages import sampled
from monitoring.labels.judging import Sources as LiveSources
from monitoring.labels.labelling import Labelling
from monitoring.ports import (
    AlarmStore,
    DriftReportStore,
    LiveIndex,
    PassageFiles,
    RecallJudge,
    ReportRenderer,
    StateReader,
    WordSearch,
)
from monitoring.settings import DriftSettings
from monitoring.watching import Documents, Golden, LiveRecall, Serving, of_questions
from rag.bootstrap.installation import Installation
from rag.bootstrap.parts import endpoint
from rag.domain import AuditEntry, Release, utcnow
from rag.errors import InvalidInput
from rag.ports import Encoder, Progress
from rag.releases.deployed import alike, live_release
from rag.releases.first import first_encoder

QUESTIONS = ("topics", "fit")
"""Signals of what is asked: while an alarm of theirs stands nothing joins the reference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Monitoring:
    """Checks of an installation, their reports, and the alarms that follow."""

    installation: Installation
    sources: Sources
    reports: DriftReportStore
    alarms: AlarmStore
    passages: PassageFiles
    renderer: ReportRenderer
    labelling: Labelling
    deliveries: Deliveries  # tells of alarms
    states: StateReader
    settings: DriftSettings

    @property
    def tenant(self) -> str:
        """The one that is meant where none is named: the installation's own."""
        return self.installation.settings.tenant

    def check(self, *, tenant: str | None = None, progress: Progress | None = None) -> DriftReport:
        """Check a tenant once, "*": all together; keep the report, and let alarms follow.

        Raises:
            NotReady: nothing is live yet.
            LeaseHeld: a check of this tenant is under way.
        """
        of, show = tenant or self.tenant, progress or _quiet
        release = live_release(self.sources.releases)
        with self._alone(of), self._live_index() as live:
            encoder, check = self._made(of, release, live, show)
            return check.run(encoder=encoder.digest, release=release.digest, progress=show)

    def look(
        self, *, since: datetime, tenant: str | None = None, progress: Progress | None = None
    ) -> DriftReport:
        """Return a report on what was asked since then; it is not kept, and nothing follows from it.

        Raises:
            NotReady: nothing is live yet.
            LeaseHeld: a check of this tenant is under way.
        """
        of, show = tenant or self.tenant, progress or _quiet
        release = live_release(self.sources.releases)
        with self._alone(of), self._live_index() as live:
            encoder, check = self._made(of, release, live, show)
            return check.look(since, encoder=encoder.digest, release=release.digest, progress=show)

    def html(self, report: DriftReport) -> str:
        """Return a report as one page that loads nothing from elsewhere.

        Raises:
            IntegrityError: it has no snapshot, or none that can be read.
        """
        return self.renderer.html(report.snapshot)

    def texts(self, ids: Sequence[str], *, tenant: str | None = None) -> dict[str, str]:
        """Return id -> the question as it was searched for, of the tenant's interactions; None: of any's."""
        known = self.sources.log.known(ids)
        return {one: each.text for one, each in known.items() if tenant in (None, each.tenant)}

    def acknowledge(self, alarm_id: str, *, tenant: str, principal: str, comment: str = "") -> Alarm:
        """Write that somebody knows of an alarm; see `Alarms.acknowledge`."""
        return self._alarms().acknowledge(alarm_id, tenant=tenant, principal=principal, comment=comment)

    def end(self, alarm_id: str, *, tenant: str, principal: str, comment: str) -> Alarm:
        """End an alarm by a person's word; see `Alarms.end`."""
        return self._alarms().end(alarm_id, tenant=tenant, principal=principal, comment=comment)

    def accept(self, *, tenant: str, principal: str, comment: str) -> list[Alarm]:
        """Take a person's word that this is how it is now; return the alarms that this ends.

        The reference begins anew with the newest questions, and the tenant's alarms end; but nobody can accept that the
        index or the encoder is broken.

        Raises:
            NotFound: the tenant was never checked.
            LeaseHeld: a check of this tenant is under way.
            InvalidInput: the comment is empty: whoever comes next wants to know why.
        """
        if not comment.strip():
            raise InvalidInput("Say in a comment why it is as it should be.")
        with self._alone(tenant):
            # First what ends: an alarm that ended before the reference began silences nothing after it.
            ended = [
                self.end(each.id, tenant=tenant, principal=principal, comment=comment)
                for each in self.alarms.standing(tenant=tenant)
                if each.cause not in NEVER_RIGHT
            ]
            reset(self.sources, tenant, settings=self.settings)
            detail = {"comment": comment}
            entry = AuditEntry(
                at=utcnow(), principal=principal, action="accept drift", subject=tenant, detail=detail
            )
            self.installation.stores.audit.add(entry)
            return ended

    def to_cure(self) -> list[Alarm]:
        """Return the standing alarms that a retraining cures, whether one was started for them or not."""
        standing = self.alarms.standing(tenant=self.tenant)
        return [each for each in standing if each.remedy is Remedy.RETRAIN]

    def retraining(self, alarm_ids: Sequence[str], what: str = ASKED_FOR) -> None:
        """Write onto alarms that a retraining was started for them, or which candidate came of it."""
        self._alarms().retraining(alarm_ids, what)

    def trigger(self, report_id: str, *, made: Sequence[Made], running: bool, cooldown: timedelta) -> Trigger:
        """Return whether the alarms that stand call for retraining; see `should_retrain` and `DriftReportStore.get`."""
        report = self.reports.get(report_id)
        standing = self.alarms.standing(tenant=report.tenant)
        return should_retrain(
            report, standing, tenant=self.tenant, made=made, running=running, cooldown=cooldown
        )

    def _alarms(self) -> Alarms:
        stores = self.installation.stores
        deployment = stores.releases.deployment()
        live = deployment.release if deployment else ""
        same = {live, *alike(stores.releases, live)} if live else set()
        return Alarms(store=self.alarms, audit=stores.audit, alike=same.__contains__)

    def _alone(self, tenant: str) -> AbstractContextManager[object]:
        """Keep other checks of a tenant out; LeaseHeld where one is under way."""
        return self.installation.stores.leases.hold(f"drift check of {tenant}")

    def _live_index(self) -> SqlLiveIndex:
        opened, stores = self.installation, self.installation.stores
        here = partial(
            live_here,
            stores.releases,
            stores.documents,
            stores.census,
            opened.models,
            opened.indexes,
            opened.indexing,
        )
        return SqlLiveIndex(stores.probes, stores.replicas, here)

    def _made(
        self, tenant: str, release: Release, live: LiveIndex, progress: Progress
    ) -> tuple[Encoder, Check]:
        """Return the fixed encoder and a check of a tenant."""
        encoder = self.installation.models.encoders.load(first_encoder(self.sources.releases))
        sample = self._sample(tenant, encoder, progress)
        asked = live_sources(self.installation)
        clues = Clues(
            log=self.sources.log,
            interactions=asked.interactions,
            feedback=asked.feedback,
            samples=asked.samples,
            sample=sample,
            encoder=encoder,
            settings=self.settings,
        )
        return encoder, Check(
            gather=partial(self._gather, tenant, encoder, sample),
            signals=self._signals(tenant, release, live, sample),
            attribute=clues.attribute,
            reports=self.reports,
            renderer=self.renderer,
            follow=self._alarms().follow,
            completed=partial(completed, self.sources),
            settings=self.settings,
        )

    def _signals(
        self, tenant: str, release: Release, live: LiveIndex, sample: PassageSample
    ) -> tuple[Signal, ...]:
        """Return what is watched for a tenant. Golden questions and labels are a tenant's own."""
        stores = self.installation.stores
        signals = of_questions()
        if tenant != ALL_TENANTS:
            judge = recall_judge(self.installation, self.settings, SampleSearch(sample=sample))
            golden = Golden(
                live=live,
                documents=stores.documents,
                census=stores.census,
                kept=SqlGolden(stores.engine),
                questions=stores.questions,
                alarms=self.alarms,
                release=release.uncalibrated,
            )
            lived = LiveRecall(sources=live_sources(self.installation), judge=judge)
            held = Documents(
                documents=stores.documents, questions=stores.questions, interactions=stores.interactions
            )
            signals += golden.signal(), lived.signal(), held.signal()
        if tenant in (self.tenant, ALL_TENANTS):
            # One index and one encoder serve all tenants, so one tenant's checks look at them.
            serving = Serving(
                live=live,
                census=stores.census,
                canaries=SqlCanaries(stores.engine),
                log=self.sources.log,
                encoder=release.encoder,
            )
            signals += serving.signals()
        return signals

    def _sample(self, tenant: str, encoder: Encoder, progress: Progress) -> PassageSample:
        return sampled(
            self.passages,
            self.installation.stores.documents,
            tenant=None if tenant == ALL_TENANTS else tenant,
            encoder=encoder,
            cache=self.installation.models.cache,
            wanted=self.settings.passages_sampled,
            progress=progress,
        )

    def _gather(
        self,
        tenant: str,
        encoder: Encoder,
        sample: PassageSample,
        since: datetime | None,
        progress: Progress,
    ) -> Look:
        standing = self.alarms.standing(tenant=tenant)
        return gather(
            self.sources,
            tenant=tenant,
            encoder=encoder,
            sample=sample,
            settings=self.settings,
            alarm=any(name in QUESTIONS for each in standing for name in each.signals),
            since=since,
            progress=progress,
        )


def open_monitoring(installation: Installation, settings: DriftSettings) -> Monitoring:
    """Return monitoring of an installation; it lasts as long as the installation is open."""
    stores = installation.stores
    return Monitoring(
        installation=installation,
        sources=Sources(
            log=SqlAskedLog(stores.engine),
            watches=SqlWatches(stores.engine),
            feedback=stores.feedback,
            releases=stores.releases,
        ),
        reports=SqlDriftReports(stores.engine),
        alarms=SqlAlarms(stores.engine),
        passages=NumpyPassageFiles(installation.settings.home / "monitoring"),
        renderer=EvidentlyRenderer(),
        labelling=Labelling(live_sources(installation), stores.audit, settings),
        deliveries=Deliveries(
            store=SqlDeliveries(stores.engine), webhook=webhook_of(settings), leases=stores.leases
        ),
        states=SqlStateReader(stores.engine),
        settings=settings,
    )


def _quiet(_done: int, _total: int, _what: str) -> None:
    """Show no progress."""


def live_sources(installation: Installation) -> LiveSources:
    """Return where live questions are drawn from, and where what is said of them is kept."""
    stores = installation.stores
    return LiveSources(
        samples=SqlSamples(stores.engine),
        interactions=stores.interactions,
        feedback=stores.feedback,
        documents=stores.documents,
    )


def recall_judge(
    installation: Installation, settings: DriftSettings, search: WordSearch | None
) -> RecallJudge | None:
    """Return what judges live questions: a language model where one is set, else a search by words; None: neither."""
    there = endpoint(installation.settings)
    if there is not None and settings.llm_judge:
        from monitoring.adapters.openai import OpenAIJudge

        return OpenAIJudge(there, timeout_s=installation.settings.llm_timeout_s)
    if search is None:
        return None
    from monitoring.adapters.agreement import AgreementJudge

    return AgreementJudge(
        search,
        installation.stores.documents,
        calibration=live_release(installation.stores.releases).support,
    )
