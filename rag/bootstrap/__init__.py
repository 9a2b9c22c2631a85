"""The composition root of serving: the only place that reads its settings and builds its adapters."""

from rag.bootstrap.access import any_usable_key, open_keys
from rag.bootstrap.parts import (
    embedding_cache,
    encoder_folder,
    index_store,
    library,
    open_stores_for,
    reranker_folder,
)
from rag.bootstrap.process import serve
from rag.bootstrap.serving import Serving, open_serving

__all__ = [
    "Serving",
    "any_usable_key",
    "embedding_cache",
    "encoder_folder",
    "index_store",
    "library",
    "open_keys",
    "open_serving",
    "open_stores_for",
    "reranker_folder",
    "serve",
]
