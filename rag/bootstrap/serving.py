"""The parts of serving, wired together."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from rag.access.authentication import Keyring
from rag.access.keys import KeyMaths, KeyRegister
from rag.access.limits import Turns
from rag.access.source_links import SourceLinks
from rag.adapters.extractive import ExtractiveGenerator
from rag.adapters.opentelemetry import Tracing
from rag.adapters.parsing import ApartChunker
from rag.adapters.prometheus import Metrics
from rag.adapters.sql.engine import Patience
from rag.adapters.sql.stores import Stores
from rag.bootstrap.access import key_register, key_secret, keys_demanded
from rag.bootstrap.parts import (
    documents_work,
    embedding_cache,
    encoder_folder,
    feedback_log,
    index_store,
    language_model,
    library,
    logbook,
    model_breaker,
    open_stores_for,
    reading_processes,
    reranker_folder,
    splitting_processes,
    tracing,
)
from rag.breaker import Breaker, State
from rag.errors import Unavailable
from rag.library.arrivals import Arrivals
from rag.library.documents import Library
from rag.library.intake import Intake
from rag.log.feedback import FeedbackLog
from rag.log.logbook import Logbook
from rag.ports import EmbeddingCache, EncoderStore, Generator, IndexStore
from rag.questions.answering import Answerer
from rag.questions.retrieval import Retriever
from rag.questions.rewriting import ModelRewriter, TurnRewriter
from rag.questions.standby import StandIn
from rag.releases.batching import MicroBatchingStore
from rag.releases.first import ensure_first_release
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.running.gauges import State as ServiceState
from rag.running.gauges import gauges
from rag.running.observing import ObservedLog, Observer
from rag.settings import Settings

_PATIENCE = Patience(reading_s=3.0, writing_s=10.0)
"""With PostgreSQL, while somebody waits for an answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """The parts of a service, wired; `live` is not started yet."""

    settings: Settings
    stores: Stores
    encoders: EncoderStore
    cache: EmbeddingCache
    indexes: IndexStore
    indexing: Indexing
    live: LiveRelease
    library: Library
    intake: Intake
    arrivals: Arrivals  # not started yet
    retriever: Retriever
    generator: Generator
    breaker: Breaker | None  # the language model's
    logbook: Logbook
    feedback_log: FeedbackLog
    answerer: Answerer
    keyring: Keyring
    keys: KeyRegister
    links: SourceLinks
    turns: Turns  # of questions
    metrics: Metrics
    tracing: Tracing | None  # None: no collector is named

    @property
    def observers(self) -> Sequence[Observer]:
        """Who hears of each question and request."""
        return (self.metrics,) if self.tracing is None else (self.metrics, self.tracing)


@contextmanager
def open_serving(settings: Settings) -> Iterator[Serving]:
    """Wire a service over the settings' state, making the first release where there is none.

    Starting `live` is the caller's business: with its thread for a service, without for a single question.
    On leaving, `live` is stopped and the stores are closed.

    Raises:
        SettingInvalid: the chunking is not that of the documents that are there.
        WhetstoneError: the database or the encoder is not usable.
    """
    stores = open_stores_for(settings, patience=_PATIENCE)
    try:
        encoders, rerankers = encoder_folder(settings), reranker_folder(settings)
        retrieval = settings.retrieval
        if settings.reranker is not None and stores.releases.deployment() is None:
            retrieval = replace(retrieval, reranker=rerankers.resolve(settings.reranker))
        ensure_first_release(
            stores.releases,
            encoders,
            encoder_name=settings.encoder,
            chunking=settings.chunking,
            retrieval=retrieval,
            principal="system",
        )
        cache = embedding_cache(settings)
        indexes = index_store(settings)
        indexing = Indexing(stores.documents, stores.cursors, cache)
        replica_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        live = LiveRelease(
            stores.releases,
            stores.replicas,
            MicroBatchingStore(encoders),
            indexes,
            indexing,
            replica_id=replica_id,
            poll_interval_s=settings.poll_interval_s,
            rollback_window_h=settings.rollback_window_h,
            leases=stores.leases if settings.qdrant_url else None,
            rerankers=rerankers,
        )
        model = language_model(settings)
        breaker = model_breaker(settings) if model else None
        extractive = ExtractiveGenerator()
        writer = StandIn(model, extractive, breaker) if model and breaker else extractive
        log = logbook(settings, stores)
        judged = feedback_log(settings, stores, log, replica_id=replica_id)
        secret = key_secret(settings)
        retriever = Retriever(stores.documents)
        turns = Turns(concurrent=settings.max_concurrent, queued=settings.max_queued)
        metrics = Metrics(lambda: gauges(_state(live, indexing, breaker, log, turns)))
        traces = tracing(settings)
        observers: list[Observer] = [metrics] if traces is None else [metrics, traces]
        splitting, reading = splitting_processes(settings), reading_processes(settings)
        shelves = library(settings, stores, ApartChunker(splitting, settings.chunking))
        intake, arrivals = documents_work(settings, stores, live, shelves, splitting, reading)
        serving = Serving(
            settings=settings,
            stores=stores,
            encoders=encoders,
            cache=cache,
            indexes=indexes,
            indexing=indexing,
            live=live,
            library=shelves,
            intake=intake,
            arrivals=arrivals,
            retriever=retriever,
            generator=writer,
            breaker=breaker,
            logbook=log,
            feedback_log=judged,
            answerer=Answerer(
                live,
                retriever,
                writer,
                ObservedLog(log, observers),
                rewriter=ModelRewriter(writer) if settings.llm_base_url else TurnRewriter(),
                tenant=settings.tenant,
                max_question_chars=settings.max_question_chars,
                max_tokens=settings.llm_max_tokens,
            ),
            keyring=Keyring(
                stores.keys,
                KeyMaths(secret),
                environment=settings.api_key.get_secret_value() if settings.api_key else None,
                tenant=settings.tenant,
                demanded=keys_demanded(settings, stores),
            ),
            keys=key_register(settings, stores),
            links=SourceLinks(secret, days=settings.source_link_days),
            turns=turns,
            metrics=metrics,
            tracing=traces,
        )
        try:
            yield serving
        finally:
            arrivals.stop()
            live.stop()
            log.close()
            judged.close()
            if traces is not None:
                traces.close()
    finally:
        stores.close()


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
        breaker_open=breaker is not None and breaker.state is not State.CLOSED,
        spool_bytes=written.used,
        spool_limit_bytes=written.used + written.room,
        running=turns.under_way,
        queued=turns.waiting,
    )
