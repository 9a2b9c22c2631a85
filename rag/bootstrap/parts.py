"""Each part of serving, built as the settings say; what each of them needs is given to it."""

import logging
from dataclasses import replace

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.rerankers import RerankerFolder
from rag.adapters.openai import Endpoint, OpenAIGenerator, TimeLimits
from rag.adapters.opentelemetry import Tracing, otlp
from rag.adapters.parsing import ApartReader, Processes
from rag.adapters.parsing.process import Limits
from rag.adapters.qdrant.cursors import FolderCursors
from rag.adapters.sql.database.engine import PATIENT, Patience
from rag.adapters.sql.replicas import FORGOTTEN_AFTER
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.bootstrap.traces import traces
from rag.breaker import Breaker, BreakerState
from rag.domain import utcnow
from rag.library.arrivals import Arrivals
from rag.library.chunking import Chunker, check_chunking
from rag.library.documents import Library
from rag.library.ingesting import Ingester
from rag.library.intake import Intake, Room
from rag.library.watching import FolderWatch
from rag.log.feedback import FeedbackLog
from rag.log.logbook import Logbook
from rag.log.spool import Spool
from rag.ports import IndexStore, PassageMaker
from rag.releases.live import LiveRelease
from rag.settings import Settings

logger = logging.getLogger(__name__)

_FILES_PER_PROCESS = 100
"""After so many files a process that reads them is replaced by a fresh one."""

_FEEDBACK_SHARE = 16
"""Feedback gets this part of what the spool of questions may take, beside it."""


def open_stores_for(settings: Settings, *, patience: Patience = PATIENT) -> Stores:
    """Open the truth the settings name; close it after use.

    Args:
        settings: as read.
        patience: with PostgreSQL.
    """
    url = settings.database_url
    stores = open_stores(
        url.get_secret_value() if url else sqlite_url(settings.home),
        patience=patience,
        traces=traces(settings.home),
    )
    if settings.qdrant_url is not None:
        return stores
    # Another home may have written to a database that is elsewhere, so what that says of this one's is not believed.
    before = stores.cursors if url is None else None
    return replace(stores, cursors=FolderCursors(settings.home / "indexes", stores.documents, before))


def encoder_folder(settings: Settings) -> EncoderFolder:
    """Return the encoders' folder."""
    return EncoderFolder(
        settings.home / "encoders",
        batch=settings.encode_batch,
        runtime=settings.encoder_runtime,
        threads=settings.encode_threads,
    )


def reranker_folder(settings: Settings) -> RerankerFolder:
    """Return the cross-encoders' folder."""
    return RerankerFolder(
        settings.home / "rerankers",
        batch=settings.encode_batch,
        runtime=settings.encoder_runtime,
        threads=settings.encode_threads,
    )


def embedding_cache(settings: Settings) -> SqliteEmbeddingCache:
    """Return the cache of embeddings."""
    return SqliteEmbeddingCache(settings.home / "embeddings.sqlite")


def index_store(settings: Settings) -> IndexStore:
    """Return the place where indexes live: a Qdrant server where one is named, else folders."""
    from rag.adapters.qdrant import QdrantFolders, QdrantServer

    if settings.qdrant_url is None:
        return QdrantFolders(settings.home / "indexes")
    key = settings.qdrant_api_key
    return QdrantServer(
        settings.qdrant_url, key.get_secret_value() if key else None, settings.qdrant_timeout_s
    )


def chunker(settings: Settings) -> Chunker:
    """Return the chunker all documents are split with."""
    from rag.adapters.llama_index import SentenceSplitterAdapter

    return Chunker(SentenceSplitterAdapter(settings.chunking), settings.chunking)


def splitting_processes(settings: Settings) -> Processes:
    """Return the processes that split documents for a service; close them after use."""
    return Processes(_parse_limits(settings), most=2, warm=True)


def reading_processes(settings: Settings) -> Processes:
    """Return the processes that read files for a service; close them after use."""
    return Processes(_parse_limits(settings), most=2, jobs=_FILES_PER_PROCESS)


def _parse_limits(settings: Settings) -> Limits:
    return Limits(
        memory_bytes=settings.parse_memory_bytes,
        timeout_s=settings.parse_timeout_s,
        # Of text, as UTF-8: more than the largest text file gives is given by an unpacked one only.
        most_bytes=settings.max_file_bytes + 1_000_000,
    )


def library(settings: Settings, stores: Stores, maker: PassageMaker | None = None) -> Library:
    """Return what puts documents into the store; `maker` splits them instead of this process.

    Raises:
        SettingInvalid: the documents that are there are split in another way than the settings say.
    """
    deployment = stores.releases.deployment()
    live = stores.releases.get(deployment.release).chunking if deployment else None
    check_chunking(settings.chunking, live=live, stored=stores.documents.chunkings())
    return Library(stores.documents, maker or chunker(settings))


def documents_work(
    settings: Settings,
    stores: Stores,
    live: LiveRelease,
    shelves: Library,
    splitting: Processes,
    reading: Processes,
) -> tuple[Intake, Arrivals]:
    """Return what takes files and pages, and the work on them and on watched folders."""
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


def endpoint(settings: Settings) -> Endpoint | None:
    """Return where the language model is; None where none is named."""
    if settings.llm_base_url is None:
        return None
    key = settings.llm_api_key
    return Endpoint(
        base_url=settings.llm_base_url,
        model=settings.llm_model,
        api_key=key.get_secret_value() if key else None,
        connect_timeout_s=settings.llm_connect_timeout_s,
    )


def language_model(settings: Settings) -> OpenAIGenerator | None:
    """Return the language model; None where none is named."""
    there = endpoint(settings)
    if there is None:
        return None
    limits = TimeLimits(
        first_token_s=settings.llm_first_token_timeout_s,
        between_s=settings.llm_timeout_s,
        total_s=settings.llm_total_timeout_s,
    )
    return OpenAIGenerator(there, limits=limits, max_tokens=settings.llm_max_tokens)


def model_breaker(settings: Settings) -> Breaker:
    """Return the breaker of the language model."""

    def tell(state: BreakerState) -> None:
        logger.warning("the language model's breaker is %s", state.value.replace("_", " "))

    return Breaker(
        failures=settings.llm_breaker_failures, pause_s=settings.llm_breaker_pause_s, on_change=tell
    )


def logbook(settings: Settings, stores: Stores) -> Logbook:
    """Return the log of questions; close it after use, before the stores."""
    return Logbook(stores.interactions, Spool(settings.home / "spool", settings.spool_bytes))


def feedback_log(settings: Settings, stores: Stores, log: Logbook, *, replica_id: str) -> FeedbackLog:
    """Return the log of feedback; close it after use, after the log of questions and before the stores."""

    def elsewhere() -> bool:
        # A SQLite file is shared by processes of one home only, and these share the spool's folder.
        if settings.database_url is None:
            return False
        known = stores.replicas.alive(since=utcnow() - FORGOTTEN_AFTER)
        return any(replica.id != replica_id for replica in known)

    return FeedbackLog(
        stores.feedback,
        stores.documents,
        Spool(settings.home / "spool" / "feedback", settings.spool_bytes // _FEEDBACK_SHARE),
        log,
        elsewhere=elsewhere,
    )


def tracing(settings: Settings) -> Tracing | None:
    """Return what writes traces; None where no collector is named."""
    if settings.otlp_endpoint is None:
        return None
    return otlp(settings.otlp_endpoint, content=settings.log_content)
