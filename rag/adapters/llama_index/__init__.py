"""LlamaIndex: its sentence splitter cuts our documents; its users can plug our retrieval in."""

from typing import TYPE_CHECKING, Any

from rag.adapters.llama_index.splitting import SentenceSplitterAdapter

if TYPE_CHECKING:
    from rag.adapters.llama_index.retrieving import WhetstoneRetriever

__all__ = ["SentenceSplitterAdapter", "WhetstoneRetriever"]


def __getattr__(name: str) -> Any:
    # The retriever inherits from LlamaIndex, which takes a second to import; serving needs only the splitter.
    if name == "WhetstoneRetriever":
        from rag.adapters.llama_index.retrieving import WhetstoneRetriever

        return WhetstoneRetriever
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
