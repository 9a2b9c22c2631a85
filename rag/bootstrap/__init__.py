"""The composition root of serving: the only place that reads its settings and builds its adapters."""

from rag.bootstrap.access import any_usable_key, open_keys
from rag.bootstrap.installation import Installation, documents_at, open_installation, questions_at
from rag.bootstrap.parts import (
    embedding_cache,
    encoder_folder,
    index_store,
    library,
    open_stores_for,
    reranker_folder,
)
from rag.bootstrap.process import serve
from rag.bootstrap.serving import Service, open_serving

__all__ = [
    "Installation",
    "Service",
    "any_usable_key",
    "documents_at",
    "embedding_cache",
    "encoder_folder",
    "index_store",
    "library",
    "open_installation",
    "open_keys",
    "open_serving",
    "open_stores_for",
    "questions_at",
    "reranker_folder",
    "serve",
]
