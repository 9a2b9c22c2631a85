"""Whetstone's retrieval as a LlamaIndex retriever, for query engines and agents built there."""

from collections.abc import Callable, Sequence

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from rag.domain import Hit


class WhetstoneRetriever(BaseRetriever):
    """Answers LlamaIndex's ``retrieve`` and ``aretrieve`` from the live release.

    Example:
        >>> retriever = WhetstoneRetriever(lambda question: ask(question))  # doctest: +SKIP
        >>> RetrieverQueryEngine.from_args(retriever, llm=llm).query("...")  # doctest: +SKIP
    """

    def __init__(self, find: Callable[[str], Sequence[Hit]]) -> None:
        """Take what gives the hits of a question, best first."""
        self._find = find
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=_node(hit), score=hit.score) for hit in self._find(query_bundle.query_str)]


def _node(hit: Hit) -> TextNode:
    passage = hit.passage
    # The document's own below ours, which a document must not be able to replace.
    known = {
        name: list(value) if isinstance(value, tuple) else value for name, value in passage.metadata.items()
    }
    ours = {
        "title": passage.title,
        "uri": passage.uri,
        "document_id": passage.document_id,
        "position": passage.position,
        "rank": hit.rank,
    } | ({"locator": passage.locator} if passage.locator else {})
    # Ids and positions tell a language model nothing, and a document's metadata may be longer than the passage.
    unshown = [name for name in known | ours if name not in ("title", "uri", "locator")]
    return TextNode(
        id_=passage.id,
        text=passage.text,
        metadata=known | ours,
        excluded_llm_metadata_keys=unshown,
        excluded_embed_metadata_keys=["uri", "locator", *unshown],
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document_id)},
    )
