"""The door of retraining: an installation and settings in, a cycle and a switch out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

from rag.access.secret_files import load_or_make
from rag.bootstrap.installation import Installation
from rag.bootstrap.parts import endpoint
from rag.releases.renewing import renew_if_calm
from retrain.adapters.sql.stores import RetrainStores, open_retrain_stores
from retrain.cycle import RetrainCycle
from retrain.dataset.mining import Mining
from retrain.dataset.writing import Budget, Forecast, Writing
from retrain.domain import Focus, GuardSet
from retrain.ports import ApprovalStore, CandidateStore, DatasetStore, PromotionStore, Trainer
from retrain.present import Present
from retrain.promotion.approval import Approver
from retrain.promotion.building import IndexBuilder
from retrain.promotion.garbage import GarbageCollector, kept_always
from retrain.promotion.promoting import Promoter
from retrain.promotion.requesting import SwitchRequests
from retrain.promotion.running import Runs
from retrain.promotion.staging import Staging
from retrain.settings import RetrainSettings
from retrain.training.recipe import DEV_SAMPLES, DevSample
from retrain.verdict.judging import Judging

RETRAIN_LEASE = "retrain"
"""Held by one step of a retraining at a time."""

WhatToCure = Callable[[], Focus | None]
"""Returns what a retraining is to cure; None: nothing in particular."""


class Retraining:
    """Mines, trains and judges. Datasets and candidates are there to be read."""

    def __init__(
        self,
        installation: Installation,
        stores: RetrainStores,
        settings: RetrainSettings,
        what_to_cure: WhatToCure,
    ) -> None:
        """Build nothing yet: a cycle is built, and `what_to_cure` asked, when it begins."""
        self._rag = installation
        self.settings = settings
        self._what_to_cure = what_to_cure
        self._stores = stores
        self.datasets: DatasetStore = stores.datasets
        self.candidates: CandidateStore = stores.candidates

    @contextmanager
    def cycle(self) -> Iterator[RetrainCycle]:
        """Yield the steps of a retraining, keeping a second one out meanwhile.

        Raises:
            LeaseHeld: a retraining is under way.
        """
        with self._rag.stores.leases.hold(RETRAIN_LEASE):
            yield self._cycle()

    def forecast(self) -> Forecast | None:
        """Return what asking the language model would cost, whether a retraining is under way or not."""
        return self._cycle().forecast()

    def _cycle(self) -> RetrainCycle:
        rag, settings, stores = self._rag, self.settings, self._stores
        present = Present(
            tenant=rag.settings.tenant,
            documents=rag.stores.documents,
            releases=rag.stores.releases,
            models=rag.models,
            scratch=rag.scratch,
        )
        mining = Mining(
            present,
            interactions=rag.stores.interactions,
            feedback=rag.stores.feedback,
            questions=rag.stores.questions,
            datasets=stores.datasets,
            writer=writer(rag, settings),
            settings=settings,
            focus=self._what_to_cure(),
        )
        judging = Judging(
            present,
            gate_looks=stores.gate_looks,
            anchors=stores.anchors,
            guard=_guard(settings.gate_guard, rag.settings.max_file_bytes),
            settings=settings,
            renew=partial(
                renew_if_calm,
                rag.stores.releases,
                rag.stores.leases,
                principal="system",
                action="calibrate",
                detail={"reason": "what people asked"},
            ),
        )
        return RetrainCycle(
            present,
            mining=mining,
            trainer=trainer(rag, settings),
            judging=judging,
            datasets=stores.datasets,
            candidates=stores.candidates,
        )


class Promotion:
    """Approves, switches, goes back and tidies up. Candidates, decisions and promotions are there to be read."""

    def __init__(self, installation: Installation, stores: RetrainStores, settings: RetrainSettings) -> None:
        """Make nothing yet; the key that signs approvals is read, or made, when it is first needed."""
        self._rag = installation
        self._settings = settings
        self._datasets = stores.datasets
        self.candidates: CandidateStore = stores.candidates
        self.approvals: ApprovalStore = stores.approvals
        self.promotions: PromotionStore = stores.promotions

    @cached_property
    def approver(self) -> Approver:
        """Takes down decisions."""
        return Approver(
            self.candidates,
            self.approvals,
            self._rag.stores.releases,
            self._rag.stores.audit,
            key=self._key,
            ttl_h=self._settings.approval_ttl_h,
        )

    @cached_property
    def requests(self) -> SwitchRequests:
        """Takes in what people ask to be switched."""
        return SwitchRequests(
            self._rag.stores.releases, self.candidates, self.approvals, self.promotions, key=self._key
        )

    @cached_property
    def promoter(self) -> Promoter:
        """Carries switches out."""
        rag, settings = self._rag, self._settings
        return Promoter(
            requests=self.requests,
            builder=IndexBuilder(
                documents=rag.stores.documents,
                cursors=rag.stores.cursors,
                models=rag.models,
                indexes=rag.indexes,
                indexing=rag.indexing,
                scratch=rag.scratch,
                verify_sample=settings.verify_sample,
                seed=settings.seed,
            ),
            staging=Staging(
                rag.stores.releases,
                rag.stores.replicas,
                rag.stores.leases,
                timeout_s=settings.preload_timeout_s,
            ),
            runs=Runs(self.promotions, rag.stores.leases, rag.stores.audit),
            releases=rag.stores.releases,
            datasets=self._datasets,
            candidates=self.candidates,
        )

    def collect_garbage(self, *, dry_run: bool) -> list[str]:
        """Remove what nothing needs, or only name it; return a line for each thing.

        Raises:
            LeaseHeld: a promotion or a rollback is running.
        """
        rag = self._rag
        collector = GarbageCollector(
            releases=rag.stores.releases,
            candidates=self.candidates,
            promotions=self.promotions,
            indexes=rag.indexes,
            cursors=rag.stores.cursors,
            models=rag.models,
            leases=rag.stores.leases,
            rollback_window_h=rag.settings.rollback_window_h,
        )
        keep = kept_always(rag.stores.releases, rag.models, reranker=rag.settings.reranker)
        return collector.collect(keep, dry_run=dry_run).lines()

    @cached_property
    def _key(self) -> bytes:
        secret = self._settings.approval_secret
        if secret is not None:
            return secret.get_secret_value().encode()
        lost = "approvals that are still open have to be given again"
        return load_or_make(self._rag.settings.home / "approval.key", lost=lost)


def open_retrain(
    installation: Installation, settings: RetrainSettings, what_to_cure: WhatToCure
) -> tuple[Retraining, Promotion]:
    """Return both doors over the same stores; they last as long as the installation is open."""
    stores = open_retrain_stores(installation.stores, installation.settings.home)
    return (
        Retraining(installation, stores, settings, what_to_cure),
        Promotion(installation, stores, settings),
    )


def trainer(
    rag: Installation, settings: RetrainSettings, *, samples: Mapping[str, DevSample] = DEV_SAMPLES
) -> Trainer:
    """Return what trains the lane that is set; `samples` is what an evaluation of a lane on dev reads."""
    work = rag.settings.home / "training"
    if settings.lane == "adapter":
        from retrain.adapters.training.adapter_lane import AdapterTrainer

        return AdapterTrainer(rag.models.encoders, rag.models.cache, work, settings)
    from retrain.adapters.training.trainer import LaneTrainer

    return LaneTrainer(rag.models.encoders, work, settings, samples)


def writer(rag: Installation, limits: RetrainSettings) -> Writing | None:
    """Return the language model that writes questions; None where no endpoint is set."""
    settings = rag.settings
    there = endpoint(settings)
    if there is None:
        return None
    from retrain.adapters.openai import OpenAIQuestionWriter
    from retrain.adapters.writing_cache import SqliteWritingCache

    return Writing(
        OpenAIQuestionWriter(there, timeout_s=settings.llm_timeout_s),
        SqliteWritingCache(settings.home / "written.sqlite"),
        Budget(calls=limits.llm_calls, tokens=limits.llm_tokens, minutes=limits.llm_minutes),
        # A call is tried twice; what takes longer than both tries is stuck.
        patience_s=2 * (settings.llm_connect_timeout_s + settings.llm_timeout_s) + 5,
    )


def _guard(folder: Path | None, max_bytes: int) -> Callable[[], GuardSet] | None:
    """Return what reads the general-domain set, where there is one."""
    if folder is None:
        return None
    from retrain.adapters.guard_set import read_guard_set

    return partial(read_guard_set, folder, max_bytes=max_bytes)
