"""Parts that serving shares with commands and with retraining, built as the settings say."""

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.adapters.embedding_cache import SqliteEmbeddingCache
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.models.rerankers import RerankerFolder
from rag.adapters.openai import Endpoint
from rag.adapters.qdrant.cursors import FolderCursors
from rag.adapters.sql.database.engine import PATIENT, Patience
from rag.adapters.sql.stores import Stores, open_stores, sqlite_url
from rag.bootstrap.leftovers import leftovers
from rag.library.chunking import Chunker, check_chunking
from rag.library.documents import Library
from rag.ports import IndexStore, PassageMaker
from rag.releases.models import Models
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.adapters.readers.ocr import Ocr


def open_stores_for(settings: Settings, *, patience: Patience = PATIENT) -> Stores:
    """Open the truth the settings name; close it after use. `patience` is with PostgreSQL."""
    url = settings.database_url
    stores = open_stores(
        url.get_secret_value() if url else sqlite_url(settings.home),
        patience=patience,
        leftovers=leftovers(settings.home),
    )
    if settings.qdrant_url is not None:
        return stores
    # Another home may have written to a database that is elsewhere, so what that says of this one's is not believed.
    before = stores.cursors if url is None else None
    return replace(stores, cursors=FolderCursors(settings.home / "indexes", stores.documents, before))


def models(settings: Settings) -> Models:
    """Return the models of the home folder, and the embeddings that they made."""
    batch, runtime, threads = settings.encode_batch, settings.encoder_runtime, settings.encode_threads
    return Models(
        encoders=EncoderFolder(settings.home / "encoders", batch=batch, runtime=runtime, threads=threads),
        rerankers=RerankerFolder(settings.home / "rerankers", batch=batch, runtime=runtime, threads=threads),
        cache=SqliteEmbeddingCache(settings.home / "embeddings.sqlite"),
    )


def index_store(settings: Settings) -> IndexStore:
    """Return the place where indexes live: a Qdrant server where one is named, else folders."""
    from rag.adapters.qdrant import QdrantFolders, QdrantServer

    if settings.qdrant_url is None:
        return QdrantFolders(settings.home / "indexes")
    key = settings.qdrant_api_key
    return QdrantServer(
        settings.qdrant_url, key.get_secret_value() if key else None, settings.qdrant_timeout_s
    )


def ocr_of(settings: Settings) -> "Ocr | None":
    """Return what reads the text in pictures; None where the settings do not ask for it.

    Raises:
        SettingInvalid: there is no data for one of the languages.
    """
    from rag.adapters.readers.ocr import Ocr

    if not settings.ocr:
        return None
    languages = [each.strip() for each in settings.ocr_languages.replace(",", "+").split("+")]
    return Ocr.on_this_machine([each for each in languages if each], settings.ocr_data)


def library(settings: Settings, stores: Stores, maker: PassageMaker | None = None) -> Library:
    """Return what puts documents into the store; `maker` splits them instead of this process.

    Raises:
        SettingInvalid: the documents that are there are split in another way than the settings say.
    """
    chunking = settings.chunking
    deployment = stores.releases.deployment()
    live = stores.releases.get(deployment.release).chunking if deployment else None
    check_chunking(chunking, live=live, stored=stores.documents.chunkings())
    if maker is None:
        from rag.adapters.llama_index import SentenceSplitterAdapter

        maker = Chunker(SentenceSplitterAdapter(chunking), chunking)
    return Library(stores.documents, maker)


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
