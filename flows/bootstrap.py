"""The composition root of the pipelines: settings in, everything built out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flows.environment import (
    drift_settings,
    flow_settings,
    retrain_settings,
    serving_settings,
)
from flows.settings import FlowSettings
from monitoring.bootstrap import Monitoring, open_monitoring
from monitoring.domain import DriftReport
from monitoring.ports import DriftReportStore, ReportRenderer
from monitoring.settings import DriftSettings
from monitoring.trigger import Trigger
from rag import bootstrap as serving
from rag.adapters.sql.stores import Stores
from rag.bootstrap.installation import open_installation
from rag.domain import Document, LabelledQuestion, Purpose, Release
from rag.errors import InvalidInput
from rag.library.documents import FieldNames, Library, SyncReport
from rag.ports import EncoderStore
from rag.releases.deployed import live_release
from rag.releases.models import Models
from rag.settings import Settings
from retrain.bootstrap import Promotion, Retraining, open_promotion, open_retraining
from retrain.cycle import RetrainCycle
from retrain.promotion.approval import Approver
from retrain.promotion.promoting import Promoter
from retrain.settings import RetrainSettings

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipelines:
    """Everything the flows and commands work with."""

    settings: Settings
    retrain: RetrainSettings
    drift: DriftSettings
    flows: FlowSettings
    stores: Stores
    retraining: Retraining
    promotion: Promotion
    reports: DriftReportStore
    renderer: ReportRenderer
    monitoring: Monitoring
    models: Models
    library: Library

    @property
    def encoders(self) -> EncoderStore:
        """Where encoders are."""
        return self.models.encoders

    def ingest(
        self,
        location: str,
        *,
        prune: bool,
        progress: Progress,
        force: bool = False,
        fields: FieldNames | None = None,
    ) -> SyncReport:
        """Bring the store in line with a file, a folder, or python-docs; `force` prunes however much is gone.

        Raises:
            InvalidInput: there is nothing there, or nothing of a known kind.
        """
        from rag.adapters.readers import read, source_of

        limit = self.settings.max_file_bytes
        return self.library.sync(
            read(location, tenant=self.settings.tenant, max_bytes=limit, fields=fields),
            tenant=self.settings.tenant,
            source=source_of(location),
            prune=prune,
            force=force,
            after_each=lambda done: progress(done, 0, f"ingest {location}"),
        )

    def import_labels(self, folder: Path, splits: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        """Import labelled questions; give purpose -> (how many there are, how many are new).

        Raises:
            InvalidInput: a purpose is not known, the split may not be used, or the corpus is not ingested.
        """
        from rag.adapters.labels import read_labels

        unknown = set(splits.values()) - set(Purpose)
        if unknown:
            raise InvalidInput(
                f"{', '.join(sorted(unknown)) or 'an empty purpose'} is no purpose; use SPLIT=PURPOSE with"
                f" one of {', '.join(Purpose)}"
            )
        purposes = {split: Purpose(purpose) for split, purpose in splits.items()}
        questions = read_labels(folder, tenant=self.settings.tenant, splits=purposes)
        wanted = {document for question in questions for document in question.documents}
        known = self.stores.documents.uris(wanted, tenant=self.settings.tenant)
        if questions and not known:
            raise InvalidInput(
                f"none of the documents that {folder} asks about is ingested: whetstone ingest {folder}"
            )
        counts = {}
        for purpose in Purpose:
            some = [question for question in questions if question.purpose is purpose]
            counts[str(purpose)] = (len(some), self.stores.questions.put(some))
        return counts

    def check_drift(self) -> DriftReport:
        """Compare the newest questions with earlier ones, and store the report.

        Raises:
            NotReady: nothing is live yet.
        """
        return self.monitoring.check()

    def live_release(self) -> Release:
        """Return what serves.

        Raises:
            NotReady: nothing is live yet.
        """
        return live_release(self.stores.releases)

    def retraining_trigger(self, report_id: str) -> Trigger:
        """Tell whether a drift report calls for retraining now."""
        return self.monitoring.trigger(
            report_id,
            earlier=[candidate.created_at for candidate in self.retraining.candidates.newest(5)],
            cooldown=timedelta(hours=self.flows.retrain_cooldown_h),
        )

    def retraining_cycle(self) -> AbstractContextManager[RetrainCycle]:
        """Return the steps of a retraining, keeping a second one out meanwhile.

        Raises:
            LeaseHeld: a retraining is under way.
        """
        return self.retraining.cycle()

    def approver(self) -> Approver:
        """Return what takes down decisions."""
        return self.promotion.approver

    def promoter(self) -> Promoter:
        """Return what switches releases."""
        return self.promotion.promoter

    def collect_garbage(self, *, dry_run: bool) -> list[str]:
        """Remove what nothing needs; return a line for each thing."""
        return self.promotion.collect_garbage(dry_run=dry_run)


def demo_documents(location: str, settings: Settings) -> Iterator[Document]:
    """Yield the documents at a location; whatever cannot be read is left out."""
    from rag.adapters.readers import read

    records = read(location, tenant=settings.tenant, max_bytes=settings.max_file_bytes)
    return (record for record in records if isinstance(record, Document))


def demo_questions(folder: Path, settings: Settings) -> tuple[list[LabelledQuestion], list[LabelledQuestion]]:
    """Read a BEIR folder's questions: those to learn and judge by, and those of the test split, only to report on."""
    from rag.adapters.labels import read_labels

    learn = read_labels(folder, tenant=settings.tenant, splits={"train": Purpose.TRAIN, "dev": Purpose.DEV})
    report = read_labels(folder, tenant=settings.tenant, splits={"test": Purpose.DEV}, allow_test=True)
    return learn, report


@contextmanager
def open_pipelines() -> Iterator[Pipelines]:
    """Build everything over the settings' state, and close it afterwards.

    Raises:
        SettingInvalid: a setting cannot be used.
        Unavailable: the database does not answer.
    """
    retrain, drift = retrain_settings(), drift_settings()
    with open_installation(serving_settings()) as rag:
        monitoring = open_monitoring(rag, drift)
        yield Pipelines(
            settings=rag.settings,
            retrain=retrain,
            drift=drift,
            flows=flow_settings(),
            stores=rag.stores,
            retraining=open_retraining(rag, retrain, drifted_since=monitoring.drifted_since),
            promotion=open_promotion(rag, retrain),
            reports=monitoring.reports,
            renderer=monitoring.renderer,
            monitoring=monitoring,
            models=rag.models,
            library=serving.library(rag.settings, rag.stores),
        )
