"""The composition root of the pipelines: settings in, everything built out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

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
from rag.access.secret_files import load_or_make
from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.rerankers import RerankerFolder
from rag.adapters.sql.stores import Stores
from rag.bootstrap.installation import Installation
from rag.domain import Document, LabelledQuestion, Purpose, Release
from rag.errors import InvalidInput, NotReady
from rag.library.documents import FieldNames, Library, SyncReport
from rag.ports import IndexStore
from rag.releases.first import first_encoder
from rag.releases.indexing import Indexing
from rag.releases.models import Models
from rag.settings import Settings
from retrain.adapters.sql.stores import RetrainStores, open_retrain_stores
from retrain.cycle import RetrainCycle
from retrain.dataset.writing import Budget, Writing
from retrain.ports import Trainer
from retrain.promotion.approval import Approver
from retrain.promotion.promoting import Promoter
from retrain.settings import RetrainSettings

Progress = Callable[[int, int, str], None]

RETRAIN_LEASE = "retrain"
"""Held by one step of a retraining at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipelines:
    """Everything the flows and commands work with."""

    settings: Settings
    retrain: RetrainSettings
    drift: DriftSettings
    flows: FlowSettings
    stores: Stores
    retraining: RetrainStores
    reports: DriftReportStore
    renderer: ReportRenderer
    monitoring: Monitoring
    encoders: EncoderFolder
    rerankers: RerankerFolder
    cache: SqliteEmbeddingCache
    indexes: IndexStore
    indexing: Indexing
    library: Library

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
        deployment = self.stores.releases.deployment()
        if deployment is None:
            raise NotReady("Nothing is live yet, so nothing was asked: start `whetstone serve` first.")
        return self.stores.releases.get(deployment.release)

    def retraining_trigger(self, report_id: str) -> Trigger:
        """Tell whether a drift report calls for retraining now."""
        return self.monitoring.trigger(
            report_id,
            earlier=[candidate.created_at for candidate in self.retraining.candidates.newest(5)],
            cooldown=timedelta(hours=self.flows.retrain_cooldown_h),
        )

    @contextmanager
    def retraining_cycle(self) -> Iterator[RetrainCycle]:
        """Yield the steps of a retraining, keeping a second one out meanwhile.

        Raises:
            LeaseHeld: a retraining is under way.
        """
        from retrain.adapters.guard_set import read_guard_set

        guard, limit = self.retrain.gate_guard, self.settings.max_file_bytes
        with self.stores.leases.hold(RETRAIN_LEASE):
            yield RetrainCycle(
                tenant=self.settings.tenant,
                documents=self.stores.documents,
                interactions=self.stores.interactions,
                feedback=self.stores.feedback,
                questions=self.stores.questions,
                releases=self.stores.releases,
                encoders=self.encoders,
                cache=self.cache,
                datasets=self.retraining.datasets,
                candidates=self.retraining.candidates,
                gate_looks=self.retraining.gate_looks,
                anchors=self.retraining.anchors,
                guard=partial(read_guard_set, guard, max_bytes=limit) if guard else None,
                trainer=self._trainer(),
                writer=self._writer(),
                scratch=scratch_indexes,
                rerankers=self.rerankers,
                settings=self.retrain,
                drifted_since=self.monitoring.drifted_since(),
            )

    def _trainer(self) -> Trainer:
        """Return what trains the lane that is set."""
        work = self.settings.home / "training"
        if self.retrain.lane == "adapter":
            from retrain.adapters.training.adapter_lane import AdapterTrainer

            return AdapterTrainer(self.encoders, self.cache, work, self.retrain)
        from retrain.adapters.training.trainer import LaneTrainer

        return LaneTrainer(self.encoders, work, self.retrain)

    def _writer(self) -> Writing | None:
        settings = self.settings
        if settings.llm_base_url is None:
            return None
        from retrain.adapters.openai import OpenAIQuestionWriter
        from retrain.adapters.writing_cache import SqliteWritingCache

        key, limits = settings.llm_api_key, self.retrain
        writer = OpenAIQuestionWriter(
            base_url=settings.llm_base_url,
            api_key=key.get_secret_value() if key else None,
            model=settings.llm_model,
            connect_timeout_s=settings.llm_connect_timeout_s,
            timeout_s=settings.llm_timeout_s,
        )
        return Writing(
            writer,
            SqliteWritingCache(settings.home / "written.sqlite"),
            Budget(calls=limits.llm_calls, tokens=limits.llm_tokens, minutes=limits.llm_minutes),
            # A call is tried twice; what takes longer than both tries is stuck.
            patience_s=2 * (settings.llm_connect_timeout_s + settings.llm_timeout_s) + 5,
        )

    def approval_key(self) -> bytes:
        """Return the key that signs approvals, made at first use where none is set."""
        secret = self.settings.approval_secret
        if secret is not None:
            return secret.get_secret_value().encode()
        lost = "approvals that are still open have to be given again"
        return load_or_make(self.settings.home / "approval.key", lost=lost)

    def approver(self) -> Approver:
        """Return what takes down decisions."""
        return Approver(
            self.retraining.candidates,
            self.retraining.approvals,
            self.stores.audit,
            key=self.approval_key(),
            ttl_h=self.settings.approval_ttl_h,
        )

    def promoter(self) -> Promoter:
        """Return what switches releases."""
        return Promoter(
            releases=self.stores.releases,
            replicas=self.stores.replicas,
            documents=self.stores.documents,
            cursors=self.stores.cursors,
            encoders=self.encoders,
            indexes=self.indexes,
            indexing=self.indexing,
            cache=self.cache,
            datasets=self.retraining.datasets,
            candidates=self.retraining.candidates,
            approvals=self.retraining.approvals,
            promotions=self.retraining.promotions,
            leases=self.stores.leases,
            audit=self.stores.audit,
            key=self.approval_key(),
            scratch=scratch_indexes,
            rerankers=self.rerankers,
            verify_sample=self.retrain.verify_sample,
            preload_timeout_s=self.retrain.preload_timeout_s,
            seed=self.retrain.seed,
        )

    def collect_garbage(self, *, dry_run: bool) -> list[str]:
        """Remove what nothing needs; give a line for each thing."""
        from retrain.promotion.garbage import collect

        first = {first_encoder(self.stores.releases)} if self.stores.releases.all() else set()
        # What the settings name would only be fetched again for the next first release.
        named = self.rerankers.known(self.settings.reranker) if self.settings.reranker else None
        garbage = collect(
            releases=self.stores.releases,
            candidates=self.retraining.candidates,
            promotions=self.retraining.promotions,
            indexes=self.indexes,
            cursors=self.stores.cursors,
            encoders=self.encoders,
            rerankers=self.rerankers,
            cache=self.cache,
            leases=self.stores.leases,
            keep_encoders=frozenset(first | self.encoders.aliases()),
            keep_rerankers=frozenset({named} if named else ()),
            rollback_window_h=self.settings.rollback_window_h,
            dry_run=dry_run,
        )
        return [
            *(f"index {name}" for name in garbage.indexes),
            *(f"encoder {digest}" for digest in garbage.encoders),
            *(f"cross-encoder {digest}" for digest in garbage.rerankers),
        ]


@contextmanager
def scratch_indexes() -> Iterator[IndexStore]:
    """Yield a place for indexes among the system's temporary files, and remove it afterwards."""
    from rag.adapters.qdrant import QdrantFolders

    with TemporaryDirectory(prefix="whetstone-trial-") as folder:
        yield QdrantFolders(Path(folder))


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
    settings = serving_settings()
    stores = serving.open_stores_for(settings)
    try:
        cache = serving.embedding_cache(settings)
        encoders, rerankers = serving.encoder_folder(settings), serving.reranker_folder(settings)
        installation = Installation(
            settings=settings,
            stores=stores,
            models=Models(encoders=encoders, rerankers=rerankers, cache=cache),
            indexes=serving.index_store(settings),
            indexing=Indexing(stores.documents, stores.cursors, cache),
        )
        drift = drift_settings()
        monitoring = open_monitoring(installation, drift)
        yield Pipelines(
            settings=settings,
            retrain=retrain_settings(),
            drift=drift,
            flows=flow_settings(),
            stores=stores,
            retraining=open_retrain_stores(stores, settings.home),
            reports=monitoring.reports,
            renderer=monitoring.renderer,
            monitoring=monitoring,
            encoders=encoders,
            rerankers=rerankers,
            cache=cache,
            indexes=installation.indexes,
            indexing=installation.indexing,
            library=serving.library(settings, stores),
        )
    finally:
        stores.close()
