"""The HTTP server: Uvicorn, coming to its end in order, over connections with limits."""

from rag.adapters.uvicorn.server import DrainingServer

__all__ = ["DrainingServer"]
