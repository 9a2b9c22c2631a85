"""The composition root of serving: the only place that reads its settings and builds its adapters."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from rag.adapters.artefacts import EncoderFolder
from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.extractive import ExtractiveGenerator
from rag.adapters.openai import OpenAIGenerator
from rag.adapters.opentelemetry import Tracing, otlp
from rag.adapters.parsing import ApartChunker, ApartReader, Processes
from rag.adapters.parsing.processes import Limits
from rag.adapters.prometheus import Metrics
from rag.adapters.rerankers import RerankerFolder
from rag.adapters.sql.engine import PATIENT, Patience
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.answering import Answerer
from rag.arrivals import Arrivals
from rag.authentication import Keyring
from rag.batching import MicroBatchingStore
from rag.breaker import Breaker, State
from rag.chunking import Chunker
from rag.documents import Library
from rag.domain import utcnow
from rag.draining import Draining
from rag.errors import SettingInvalid, Unavailable, WhetstoneError
from rag.gauges import State as ServiceState
from rag.gauges import gauges
from rag.indexing import Indexing
from rag.ingesting import Ingester, Intake, Room
from rag.keys import SHORTEST_SECRET, KeyMaths, KeyRegister, KeyStatus, status
from rag.limits import Turns
from rag.listening import check_access, listen, signals_ending, url_of
from rag.logbook import Logbook
from rag.observing import ObservedLog, Observer
from rag.ports import EmbeddingCache, EncoderStore, Generator, IndexStore, PassageMaker
from rag.releases import LiveRelease, ensure_first_release
from rag.retrieval import Retriever
from rag.rewriting import ModelRewriter, TurnRewriter
from rag.secret_files import load_or_make
from rag.settings import Settings
from rag.source_links import SourceLinks
from rag.spool import Spool
from rag.standby import StandIn
from rag.watching import FolderWatch

if TYPE_CHECKING:
    from fastapi import APIRouter

logger = logging.getLogger(__name__)

_FILES_PER_PROCESS = 100
"""After so many files a process that reads them is replaced by a fresh one."""

_GRACE_S = 20.0
"""How long answers under way may go on after the service is told to stop, in seconds."""

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


def open_stores_for(settings: Settings, *, patience: Patience = PATIENT) -> Stores:
    """Open the truth the settings name; close it after use.

    Args:
        settings: as read.
        patience: with PostgreSQL.
    """
    url = settings.database_url
    return open_stores(url.get_secret_value() if url else sqlite_url(settings.home), patience=patience)


def encoder_folder(settings: Settings) -> EncoderFolder:
    """Give the encoders' folder."""
    return EncoderFolder(
        settings.home / "encoders",
        batch=settings.encode_batch,
        runtime=settings.encoder_runtime,
        threads=settings.encode_threads,
    )


def reranker_folder(settings: Settings) -> RerankerFolder:
    """Give the cross-encoders' folder."""
    return RerankerFolder(
        settings.home / "rerankers",
        batch=settings.encode_batch,
        runtime=settings.encoder_runtime,
        threads=settings.encode_threads,
    )


def embedding_cache(settings: Settings) -> SqliteEmbeddingCache:
    """Give the cache of embeddings."""
    return SqliteEmbeddingCache(settings.home / "embeddings.sqlite")


def index_store(settings: Settings) -> IndexStore:
    """Give the place where indexes live: a Qdrant server where one is named, else folders."""
    from rag.adapters.qdrant import QdrantFolders, QdrantServer

    if settings.qdrant_url is None:
        return QdrantFolders(settings.home / "indexes")
    key = settings.qdrant_api_key
    return QdrantServer(
        settings.qdrant_url, key.get_secret_value() if key else None, settings.qdrant_timeout_s
    )


def chunker(settings: Settings) -> Chunker:
    """Give the chunker all documents are split with."""
    from rag.adapters.llama_index import SentenceSplitterAdapter

    return Chunker(SentenceSplitterAdapter(settings.chunking), settings.chunking)


def splitting_processes(settings: Settings) -> Processes:
    """Give the processes that split documents for a service; close them after use."""
    return Processes(_parse_limits(settings), most=2, warm=True)


def reading_processes(settings: Settings) -> Processes:
    """Give the processes that read files for a service; close them after use."""
    return Processes(_parse_limits(settings), most=2, jobs=_FILES_PER_PROCESS)


def _parse_limits(settings: Settings) -> Limits:
    return Limits(
        memory_bytes=settings.parse_memory_bytes,
        timeout_s=settings.parse_timeout_s,
        # Of text, as UTF-8: more than the largest text file gives is given by an unpacked one only.
        most_bytes=settings.max_file_bytes + 1_000_000,
    )


def library(settings: Settings, stores: Stores, maker: PassageMaker | None = None) -> Library:
    """Give what puts documents into the store; `maker` splits them instead of this process.

    Raises:
        SettingInvalid: the documents that are there are split in another way than the settings say.
    """
    split_by = stores.documents.chunkings()
    if split_by and settings.chunking.digest not in split_by:
        raise SettingInvalid(
            "The documents that are ingested were split with other values of WHETSTONE_CHUNK_TOKENS and "
            "WHETSTONE_CHUNK_OVERLAP. Set these back, or start over in another WHETSTONE_HOME."
        )
    return Library(stores.documents, maker or chunker(settings))


def documents_work(
    settings: Settings,
    stores: Stores,
    live: LiveRelease,
    shelves: Library,
    splitting: Processes,
    reading: Processes,
) -> tuple[Intake, Arrivals]:
    """Give what takes files and pages, and the work on them and on watched folders."""
    from rag.adapters.readers.watched import DiskFolder
    from rag.adapters.web_pages import PublicPages

    reader = ApartReader(reading, max_bytes=settings.max_file_bytes)
    pages = (
        PublicPages(max_bytes=settings.max_file_bytes, timeout_s=settings.web_timeout_s)
        if settings.web_pages
        else None
    )
    ingester = Ingester(
        stores.ingestions,
        stores.documents,
        shelves,
        reader,
        live,
        stores.leases,
        pages=pages,
        interval_s=settings.poll_interval_s,
    )
    room = Room(
        files=settings.max_waiting_files, bytes=settings.max_waiting_bytes, largest=settings.max_file_bytes
    )
    intake = Intake(
        stores.ingestions, formats=reader.formats, room=room, pages=pages, arrived=ingester.arrived
    )
    folders = [
        DiskFolder(path, reader, tenant=settings.tenant, max_bytes=settings.max_file_bytes)
        for path in settings.watch_folders
    ]
    watch = FolderWatch(
        folders,
        shelves,
        stores.leases,
        tenant=settings.tenant,
        interval_s=settings.watch_interval_s,
    )
    return intake, Arrivals(ingester, watch, splitting=splitting, reading=reading)


def language_model(settings: Settings) -> OpenAIGenerator | None:
    """Give the language model; None where none is named."""
    if settings.llm_base_url is None:
        return None
    key = settings.llm_api_key
    return OpenAIGenerator(
        base_url=settings.llm_base_url,
        model=settings.llm_model,
        api_key=key.get_secret_value() if key else None,
        connect_timeout_s=settings.llm_connect_timeout_s,
        first_token_timeout_s=settings.llm_first_token_timeout_s,
        timeout_s=settings.llm_timeout_s,
        total_timeout_s=settings.llm_total_timeout_s,
        max_tokens=settings.llm_max_tokens,
    )


def model_breaker(settings: Settings) -> Breaker:
    """Give the breaker of the language model."""

    def tell(state: State) -> None:
        logger.warning("the language model's breaker is %s", state.value.replace("_", " "))

    return Breaker(
        failures=settings.llm_breaker_failures, pause_s=settings.llm_breaker_pause_s, on_change=tell
    )


def logbook(settings: Settings, stores: Stores) -> Logbook:
    """Give the log of questions; close it after use, before the stores."""
    return Logbook(stores.interactions, Spool(settings.home / "spool", settings.spool_bytes))


def tracing(settings: Settings) -> Tracing | None:
    """Give what writes traces; None where no collector is named."""
    if settings.otlp_endpoint is None:
        return None
    return otlp(settings.otlp_endpoint, content=settings.log_content)


def key_secret(settings: Settings) -> bytes:
    """Give the secret that keys and links are checked with, made at first use where none is set.

    Raises:
        SettingInvalid: it is too short, or its file is damaged.
    """
    if settings.key_secret is None:
        return load_or_make(settings.home / "keys.secret", lost="every API key has to be made again")
    secret = settings.key_secret.get_secret_value().encode()
    if len(secret) < SHORTEST_SECRET:
        raise SettingInvalid(
            f"WHETSTONE_KEY_SECRET has to be {SHORTEST_SECRET} or more bytes, got {len(secret)}; make one with: "
            "openssl rand -hex 32"
        )
    return secret


def key_register(settings: Settings, stores: Stores) -> KeyRegister:
    """Give what makes and revokes keys; errors as for `key_secret`."""
    return KeyRegister(stores.keys, KeyMaths(key_secret(settings)), home_tenant=settings.tenant)


@contextmanager
def open_keys(settings: Settings) -> Iterator[KeyRegister]:
    """Give what makes and revokes keys, over the settings' state alone; errors as for `key_secret`."""
    stores = open_stores_for(settings)
    try:
        yield key_register(settings, stores)
    finally:
        stores.close()


def any_usable_key(settings: Settings) -> bool:
    """Tell whether a key was made that lets anybody in; errors as for `open_keys`."""
    with open_keys(settings) as register:
        now = utcnow()
        return any(status(key, now) is KeyStatus.USABLE for key in register.all())


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
        live = LiveRelease(
            stores.releases,
            stores.replicas,
            MicroBatchingStore(encoders),
            indexes,
            indexing,
            replica_id=f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}",
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


def serve(
    settings: Settings,
    *,
    routers: Callable[[Serving], "Sequence[APIRouter]"] = lambda _: (),
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Run the service until it is told to stop (SIGINT or SIGTERM); answers under way are finished.

    It listens at once and says "not ready" until the live release is loaded.

    Args:
        settings: as read.
        routers: gives further routes over the wired parts.
        on_ready: called with the service's URL once it can answer; by default a line is printed.

    Raises:
        SettingInvalid: an address or key that is not safe or not possible.
        PortInUse: something listens there already.
        WhetstoneError: the release could not be loaded.
    """
    from rag.adapters.uvicorn import DrainingServer
    from rag.api import create_app
    from rag.api.draining import Drained

    check_access(settings, any_key=lambda: any_usable_key(settings))
    draining = Draining()
    listening = threading.Event()

    def end() -> None:
        if not listening.is_set():
            # There is nothing to finish yet, only files to be closed on the way out.
            raise SystemExit(0)
        draining.begin()

    with signals_ending(end), listen(settings.host, settings.port) as sock, open_serving(settings) as serving:
        routed = create_app(serving, routers=routers(serving))
        traced = routed if serving.tracing is None else serving.tracing.around(routed)
        app = Drained(traced, draining)
        server = DrainingServer(app, draining, grace_s=_GRACE_S)
        serving.logbook.start()
        loading = _Loading(serving, draining, lambda: (on_ready or _say)(url_of(settings, sock)))
        listening.set()
        loading.start()
        try:
            server.run_on(sock)
        finally:
            serving.live.stop()
            loading.join()
        if loading.error is not None:
            raise loading.error


class _Loading(threading.Thread):
    """Loads the live release while the service listens already; ends the service where it cannot."""

    def __init__(self, serving: Serving, draining: Draining, ready: Callable[[], None]) -> None:
        super().__init__(name="loading", daemon=True)
        self._serving = serving
        self._draining = draining
        self._ready = ready
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._serving.live.start()
            if not self._draining.stopping:
                self._serving.arrivals.start()
            if not self._draining.stopping:
                self._ready()
        except WhetstoneError as error:
            self.error = error
        except Exception as error:
            logger.exception("loading the release failed")
            self.error = Unavailable(f"The release could not be loaded: {error}")
        finally:
            if self.error is not None:
                self._draining.begin()


def _say(url: str) -> None:
    sys.stdout.write(f"Whetstone answers at {url}\n")
    sys.stdout.flush()
