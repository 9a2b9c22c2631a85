"""Passage indexes in Qdrant: in process with a folder per release, or on a server.

A release has a collection of its own whose vector is named after the encoder, so that a query embedded by another
encoder fails instead of finding something. Every search is confined to one tenant inside the query.
"""

from rag.adapters.qdrant.folders import QdrantFolders
from rag.adapters.qdrant.server import QdrantServer

__all__ = ["QdrantFolders", "QdrantServer"]
