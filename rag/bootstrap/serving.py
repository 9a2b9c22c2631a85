"""A service, wired over an installation."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from rag.access.limits import Turns
from rag.adapters.extractive import ExtractiveGenerator
from rag.adapters.opentelemetry import Tracing
from rag.adapters.parsing import ApartChunker
from rag.adapters.prometheus import Metrics
from rag.adapters.sql.database.engine import Patience
from rag.adapters.sql.stores import Stores
from rag.api.serving import Answering, Documents, Logs, Serving
from rag.bootstrap.access import keys
from rag.bootstrap.installation import Installation, open_installation
from rag.bootstrap.parts import (
    documents_work,
    feedback_log,
    language_model,
    library,
    logbook,
    model_breaker,
    reading_processes,
    splitting_processes,
    tracing,
)
from rag.breaker import Breaker, BreakerState
from rag.errors import Unavailable
from rag.library.arrivals import Arrivals
from rag.library.documents import Library
from rag.log.logbook import Logbook
from rag.ports import Generator
from rag.questions.answering import Answerer
from rag.questions.retrieval import Retriever
from rag.questions.rewriting import ModelRewriter, TurnRewriter
from rag.questions.standby import StandIn
from rag.releases.first import ensure_first_release
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.releases.loading import Loader
from rag.running.gauges import ServiceState, gauges
from rag.running.observing import ObservedLog, Observer
from rag.settings import Settings

_PATIENCE = Patience(reading_s=3.0, writing_s=10.0)
"""With PostgreSQL, while somebody waits for an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service, wired over an installation; `live` and `arrivals` are not started yet."""

    installation: Installation
    parts: Serving  # what the routes work with
    arrivals: Arrivals
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
        splitting, reading = splitting_processes(settings), reading_processes(settings)
        shelves = library(settings, stores, ApartChunker(splitting, settings.chunking))
        ensure_first_release(
            stores.releases,
            installation.models,
            encoder=settings.encoder,
            reranker=settings.reranker,
            chunking=settings.chunking,
            retrieval=settings.retrieval,
            principal="system",
        )
        # What is made first is closed last.
        traces = tracing(settings)
        if traces is not None:
            at_the_end.callback(traces.close)
        replica_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        log = logbook(settings, stores)
        judged = feedback_log(settings, stores, log, replica_id=replica_id)
        at_the_end.callback(judged.close)
        at_the_end.callback(log.close)
        live = _live_release(installation, replica_id=replica_id)
        at_the_end.callback(live.stop)
        intake, arrivals = documents_work(settings, stores, live, shelves, splitting, reading)
        at_the_end.callback(arrivals.stop)

        turns = Turns(concurrent=settings.max_concurrent, queued=settings.max_queued)
        model = language_model(settings)
        breaker = model_breaker(settings) if model else None
        writer = (
            StandIn(model, ExtractiveGenerator(), breaker) if model and breaker else ExtractiveGenerator()
        )
        metrics = Metrics(lambda: gauges(_state(live, installation.indexing, breaker, log, turns)))
        observers: list[Observer] = [metrics] if traces is None else [metrics, traces]
        yield Service(
            installation=installation,
            parts=Serving(
                settings=settings,
                answering=Answering(
                    live=live,
                    answerer=_answerer(installation, live, writer, ObservedLog(log, observers)),
                    breaker=breaker,
                    turns=turns,
                ),
                documents=Documents(
                    store=stores.documents, ingestions=stores.ingestions, library=shelves, intake=intake
                ),
                logs=Logs(questions=log, feedback=judged),
                keys=keys(settings, stores),
                metrics=metrics,
                observers=observers,
                ping=stores.ping,
            ),
            arrivals=arrivals,
            tracing=traces,
        )


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


def _answerer(installation: Installation, live: LiveRelease, writer: Generator, log: ObservedLog) -> Answerer:
    settings = installation.settings
    return Answerer(
        live,
        Retriever(installation.stores.documents),
        writer,
        log,
        rewriter=ModelRewriter(writer) if settings.llm_base_url else TurnRewriter(),
        tenant=settings.tenant,
        max_question_chars=settings.max_question_chars,
        max_tokens=settings.llm_max_tokens,
    )


def _state(
    live: LiveRelease, indexing: Indexing, breaker: Breaker | None, log: Logbook, turns: Turns
) -> ServiceState:
    """Look at the service for its gauges; what cannot be told now is left open."""
    epoch, release, encoder, lag = 0, "", "", None
    with suppress(Unavailable), live.pin() as pinned:
        epoch, release, encoder = pinned.epoch, pinned.release.digest, pinned.encoder.digest
        lag = indexing.lag(pinned.release.index_name)
    written = log.state()
    return ServiceState(
        epoch=epoch,
        release=release,
        encoder=encoder,
        lag=lag,
        breaker_open=breaker is not None and breaker.state is not BreakerState.CLOSED,
        spool_bytes=written.used,
        spool_limit_bytes=written.used + written.room,
        running=turns.under_way,
        queued=turns.waiting,
    )
