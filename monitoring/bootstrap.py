"""The door of monitoring: an installation and settings in, what watches it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.adapters.evidently import EvidentlyRenderer
from monitoring.adapters.sql import SqlDeliveries, SqlDriftReports, SqlStateReader
from monitoring.adapters.webhook import webhook_of
from monitoring.checking import check_drift
from monitoring.delivering import Deliveries
from monitoring.domain import DriftReport
from monitoring.gathering import Sources, gather
from monitoring.measuring import Instruments
from monitoring.ports import DriftReportStore, ReportRenderer, StateReader
from monitoring.settings import DriftSettings
from monitoring.trigger import Trigger, drifted_since, should_retrain
from rag.bootstrap.installation import Installation
from rag.releases.deployed import alike, live_release
from rag.releases.first import first_encoder
from rag.releases.models import Models
from rag.releases.trials import Scratch


@dataclass(frozen=True, kw_only=True, slots=True)
class Monitoring:
    """Drift checks of an installation's tenant, and their reports."""

    tenant: str
    sources: Sources
    models: Models
    scratch: Scratch
    reports: DriftReportStore
    renderer: ReportRenderer
    deliveries: Deliveries  # tells of alarms
    states: StateReader
    settings: DriftSettings

    def check(self) -> DriftReport:
        """Compare the newest questions with earlier ones, and store the report.

        Raises:
            NotReady: nothing is live yet.
            SettingInvalid: so few permutations that no difference could be significant.
        """
        releases, models = self.sources.releases, self.models
        live = live_release(releases)
        report = check_drift(
            gather(self.sources, tenant=self.tenant, settings=self.settings),
            Instruments(
                encoder=models.encoders.load(first_encoder(releases)),
                live=models.load(live),
                cache=models.cache,
                scratch=self.scratch,
            ),
            tenant=self.tenant,
            reports=self.reports,
            renderer=self.renderer,
            settings=self.settings,
            alike=alike(releases, live.digest),
        )
        self.reports.add(report)
        return report

    def html(self, report: DriftReport) -> str:
        """Return a report as one page that loads nothing from elsewhere.

        Raises:
            IntegrityError: it has no snapshot, or none that can be read.
        """
        return self.renderer.html(report.snapshot)

    def drifted_since(self) -> datetime | None:
        """Return since when people ask about other things, by the newest report; None where it is calm."""
        return drifted_since(next(iter(self.reports.newest(1, tenant=self.tenant)), None))

    def trigger(self, report_id: str, *, earlier: Sequence[datetime], cooldown: timedelta) -> Trigger:
        """Return whether a report calls for retraining; see `should_retrain` and `DriftReportStore.get`."""
        return should_retrain(self.reports.get(report_id), earlier=earlier, cooldown=cooldown)


def open_monitoring(installation: Installation, settings: DriftSettings) -> Monitoring:
    """Return monitoring of an installation; it lasts as long as the installation is open."""
    stores = installation.stores
    return Monitoring(
        tenant=installation.settings.tenant,
        sources=Sources(
            interactions=stores.interactions,
            feedback=stores.feedback,
            questions=stores.questions,
            documents=stores.documents,
            releases=stores.releases,
        ),
        models=installation.models,
        scratch=installation.scratch,
        reports=SqlDriftReports(stores.engine),
        renderer=EvidentlyRenderer(),
        deliveries=Deliveries(
            store=SqlDeliveries(stores.engine), webhook=webhook_of(settings), leases=stores.leases
        ),
        states=SqlStateReader(stores.engine),
        settings=settings,
    )
