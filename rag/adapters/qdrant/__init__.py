"""Passage indexes in Qdrant: in process with a folder per release, on a server, or in memory.

A release has a collection of its own whose vector is named after the encoder, so that a query embedded by another
encoder fails instead of finding something. Every search is confined to one tenant inside the query.
"""

from rag.adapters.qdrant.local import QdrantFolders, QdrantMemory
from rag.adapters.qdrant.server import QdrantServer

__all__ = ["QdrantFolders", "QdrantMemory", "QdrantServer"]
