"""The composition root of serving: the only place that reads its settings and builds its adapters."""

from rag.bootstrap.access import open_keys
from rag.bootstrap.installation import Installation, documents_at, open_installation, questions_at
from rag.bootstrap.parts import index_store, models
from rag.bootstrap.process import Beside, serve
from rag.bootstrap.serving import Service, open_serving

__all__ = [
    "Beside",
    "Installation",
    "Service",
    "documents_at",
    "index_store",
    "models",
    "open_installation",
    "open_keys",
    "open_serving",
    "questions_at",
    "serve",
]
