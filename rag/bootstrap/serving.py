"""A service, wired over an installation."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from rag.access.limits import Turns
from rag.adapters.openai import OpenAIGenerator, TimeLimits
from rag.adapters.opentelemetry import Tracing, otlp
from rag.adapters.prometheus import Metrics
from rag.adapters.sql.database.engine import Patience
from rag.adapters.sql.replicas import FORGOTTEN_AFTER
from rag.adapters.sql.stores import Stores
from rag.api.serving import Answering, Logs, Serving
from rag.bootstrap.access import keys
from rag.bootstrap.documents import documents_of
from rag.bootstrap.installation import Installation, open_installation
from rag.bootstrap.parts import endpoint
from rag.breaker import Breaker, BreakerState
from rag.domain import utcnow
from rag.errors import Unavailable
from rag.library.arrivals import Arrivals
from rag.library.syncing import Library
from rag.log.feedback import FeedbackLog
from rag.log.logbook import Logbook
from rag.log.spool import Spool
from rag.ports import Generator
from rag.questions.answering import Answerer
from rag.questions.checking.weighing import Judge
from rag.questions.conversation.rewriting import ModelRewriter, TurnRewriter
from rag.questions.finding.retrieval import Retriever
from rag.questions.writing.editing import Edited
from rag.questions.writing.extracting import ExtractiveGenerator
from rag.questions.writing.standby import StandIn
from rag.releases.calibration import Calibrator
from rag.releases.deployed import live_release
from rag.releases.first import ensure_first_release
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.releases.loading import Loader
from rag.releases.probing import Answers, Prober
from rag.running.gauges import IndexState, ServiceState, gauges
from rag.running.observing import ObservedLog, Observer
from rag.settings import Settings

logger = logging.getLogger(__name__)

_FEEDBACK_SHARE = 16
"""Feedback gets this part of what the spool of questions may take, beside it."""

_QUIET_S = 3.0
"""For which documents must not have changed before support is calibrated on them."""

_PATIENCE = Patience(reading_s=3.0, writing_s=10.0)
"""With PostgreSQL, while somebody waits for an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service, wired over an installation; `live`, `arrivals`, `calibrator` and `prober` are not started yet."""

    installation: Installation
    parts: Serving  # what the routes work with
    arrivals: Arrivals
    calibrator: Calibrator
    prober: Prober
    tracing: Tracing | None  # None: no collector is named

    @property
    def settings(self) -> Settings:
        """As read at the start."""
        return self.installation.settings

    @property
    def stores(self) -> Stores:
        """The truth."""
        return self.installation.stores

    @property
    def live(self) -> LiveRelease:
        """What questions are answered with."""
        return self.parts.answering.live

    @property
    def answerer(self) -> Answerer:
        """Answers questions."""
        return self.parts.answering.answerer

    @property
    def library(self) -> Library:
        """Puts documents into the store."""
        return self.parts.documents.library


@contextmanager
def open_serving(settings: Settings) -> Iterator[Service]:
    """Wire a service over the settings' state, making the first release where there is none.

    Starting `live` is the caller's business: with its thread for a service, without for a single question.
    On leaving, `live` is stopped and the stores are closed.

    Raises:
        SettingInvalid: the chunking is not that of the documents that are there.
        WhetstoneError: the database or the encoder is not usable.
    """
    with open_installation(settings, patience=_PATIENCE) as installation, ExitStack() as at_the_end:
        stores = installation.stores
        # What is made first is closed last; but feedback closes after the log, as `FeedbackLog.close` demands.
        tracing = (
            otlp(settings.otlp_endpoint, content=settings.log_content) if settings.otlp_endpoint else None
        )
        if tracing is not None:
            at_the_end.callback(tracing.close)
        replica_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        log = Logbook(stores.interactions, Spool(settings.home / "spool", settings.spool_bytes))
        judged = _feedback_log(settings, stores, log, replica_id=replica_id)
        at_the_end.callback(judged.close)
        at_the_end.callback(log.close)
        live = _live_release(installation, replica_id=replica_id)
        at_the_end.callback(live.stop)
        documents, arrivals = documents_of(installation, live)
        at_the_end.callback(arrivals.stop)
        ensure_first_release(
            stores.releases,
            installation.models,
            encoder=settings.encoder,
            reranker=settings.reranker,
            chunking=settings.chunking,
            retrieval=settings.retrieval,
            principal="system",
        )
        _tell_threshold(settings, stores)

        turns = Turns(concurrent=settings.max_concurrent, queued=settings.max_queued)
        calibrator = Calibrator(
            live,
            stores.releases,
            stores.documents,
            stores.leases,
            installation.indexing,
            interval_s=settings.poll_interval_s,
            quiet_s=_QUIET_S,
            busy=lambda: turns.under_way > 0,
        )
        at_the_end.callback(calibrator.stop)
        prober = Prober(
            live,
            stores.probes,
            Answers(stores.documents, stores.census, installation.indexing, replica=replica_id),
            replica_id=replica_id,
            interval_s=settings.poll_interval_s,
            busy=lambda: turns.under_way > 0,
        )
        at_the_end.callback(prober.stop)
        writer, breaker = _writer(settings)
        metrics = Metrics(lambda: gauges(_state(live, installation.indexing, breaker, log, turns)))
        observers: list[Observer] = [metrics] if tracing is None else [metrics, tracing]
        answerer = Answerer(
            live,
            Retriever(stores.documents),
            writer,
            ObservedLog(log, observers),
            rewriter=ModelRewriter(writer) if breaker else TurnRewriter(),
            judge=Judge(writer) if breaker and settings.llm_judge else None,
            tenant=settings.tenant,
            max_question_chars=settings.max_question_chars,
            max_tokens=settings.llm_max_tokens,
        )
        yield Service(
            installation=installation,
            parts=Serving(
                settings=settings,
                answering=Answering(live=live, answerer=answerer, breaker=breaker, turns=turns),
                documents=documents,
                logs=Logs(questions=log, feedback=judged),
                keys=keys(settings, stores),
                metrics=metrics,
                observers=observers,
                ping=stores.ping,
            ),
            arrivals=arrivals,
            calibrator=calibrator,
            prober=prober,
            tracing=tracing,
        )


def _tell_threshold(settings: Settings, stores: Stores) -> None:
    """Log that the setting is not what questions are answered by, where it is another one than the live release's."""
    live = live_release(stores.releases).retrieval.threshold
    if "threshold" in settings.model_fields_set and settings.threshold != live:
        logger.info(
            "WHETSTONE_THRESHOLD is %g, but the live release answers from support %g on; change that with: "
            "whetstone threshold %g",
            settings.threshold,
            live,
            settings.threshold,
        )


def _feedback_log(settings: Settings, stores: Stores, log: Logbook, *, replica_id: str) -> FeedbackLog:
    def elsewhere() -> bool:
        # A SQLite file is shared by processes of one home only, and these share the spool's folder.
        if settings.database_url is None:
            return False
        known = stores.replicas.alive(since=utcnow() - FORGOTTEN_AFTER)
        return any(replica.id != replica_id for replica in known)

    spool = Spool(settings.home / "spool" / "feedback", settings.spool_bytes // _FEEDBACK_SHARE)
    return FeedbackLog(stores.feedback, stores.documents, spool, log, elsewhere=elsewhere)


def _writer(settings: Settings) -> tuple[Generator, Breaker | None]:
    """Return what writes answers, and the language model's breaker; None where no model is named."""
    there = endpoint(settings)
    if there is None:
        return ExtractiveGenerator(), None
    limits = TimeLimits(
        first_token_s=settings.llm_first_token_timeout_s,
        between_s=settings.llm_timeout_s,
        total_s=settings.llm_total_timeout_s,
    )
    model = OpenAIGenerator(there, limits=limits, max_tokens=settings.llm_max_tokens)

    def tell(state: BreakerState) -> None:
        logger.warning("the language model's breaker is %s", state.value.replace("_", " "))

    breaker = Breaker(
        failures=settings.llm_breaker_failures, pause_s=settings.llm_breaker_pause_s, on_change=tell
    )
    return StandIn(Edited(model), ExtractiveGenerator(), breaker), breaker


def _live_release(installation: Installation, *, replica_id: str) -> LiveRelease:
    settings, stores = installation.settings, installation.stores
    loader = Loader(
        stores.releases,
        installation.models,
        installation.indexes,
        installation.indexing,
        poll_interval_s=settings.poll_interval_s,
        # An embedded index belongs to one process, a server's is written by every replica.
        leases=stores.leases if settings.qdrant_url else None,
    )
    return LiveRelease(
        stores.releases,
        stores.replicas,
        loader,
        installation.indexing,
        replica_id=replica_id,
        poll_interval_s=settings.poll_interval_s,
        rollback_window_h=settings.rollback_window_h,
    )


def _state(
    live: LiveRelease, indexing: Indexing, breaker: Breaker | None, log: Logbook, turns: Turns
) -> ServiceState:
    """Look at the service for its gauges; what cannot be told now is left open."""
    epoch, release, encoder, lag, passages, calibrated = 0, "", "", None, None, None
    with suppress(Unavailable), live.pin() as pinned:
        epoch, release, encoder = pinned.epoch, pinned.release.digest, pinned.encoder.digest
        calibrated = pinned.release.support.passages if pinned.release.support else 0
        lag = indexing.lag(pinned.release.index_name)
        passages = pinned.index.count()
    written = log.state()
    return ServiceState(
        epoch=epoch,
        release=release,
        encoder=encoder,
        index=IndexState(lag=lag, passages=passages, calibrated=calibrated),
        breaker_open=breaker is not None and breaker.state is not BreakerState.CLOSED,
        spool_bytes=written.used,
        spool_limit_bytes=written.used + written.room,
        running=turns.under_way,
        queued=turns.waiting,
    )
