"""Files and texts from strangers are read and split in processes of their own, with limits."""

from rag.adapters.parsing.processes import Processes
from rag.adapters.parsing.reading import ApartReader
from rag.adapters.parsing.splitting import ApartChunker

__all__ = ["ApartChunker", "ApartReader", "Processes"]
