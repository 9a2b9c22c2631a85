"""LlamaIndex's splitter, and our retrieval for LlamaIndex's users."""

import asyncio
import subprocess
import sys

import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode

from rag.adapters.llama_index import SentenceSplitterAdapter, WhetstoneRetriever
from rag.domain import Chunking, Document, Hit, Passage


def hit(rank: int, score: float) -> Hit:
    """Make a hit on the passage at position `rank`."""
    document = Document.create(uri=f"test:{rank}", title="Title", text="text")
    return Hit(passage=Passage.create(document, rank, f"text {rank}"), rank=rank, score=score)


def test_splits_as_llama_index_does() -> None:
    """The pieces are those of the SentenceSplitter with the same sizes."""
    text = "One sentence stands here. Another follows it, with a comma.\n\n\n" * 40

    actual = SentenceSplitterAdapter(Chunking(max_tokens=64, overlap_tokens=16)).split(text)

    assert actual == SentenceSplitter(chunk_size=64, chunk_overlap=16).split_text(text)
    assert len(actual) > 5


def test_short_text_is_left_alone() -> None:
    """What cannot be too long is one piece without its outer blanks; blank text is none."""
    splitter = SentenceSplitterAdapter(Chunking())

    assert splitter.split("  short. \n") == ["short."]
    assert splitter.split(" \n ") == []


def test_an_overlap_as_long_as_a_piece_still_moves_on() -> None:
    """Each piece brings something new even where the setting leaves no room for it."""
    text = " ".join(f"word{number}" for number in range(300))

    pieces = SentenceSplitterAdapter(Chunking(max_tokens=32, overlap_tokens=32)).split(text)

    assert len(set(pieces)) == len(pieces) > 1


def test_importing_the_adapter_leaves_llama_index_alone() -> None:
    """The service starts without the second that LlamaIndex takes to import."""
    code = "import sys, rag.adapters.llama_index as ours; ours.SentenceSplitterAdapter(ours.splitting.Chunking());"
    code += "print('llama_index.core' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_retriever_gives_nodes_with_scores() -> None:
    """A LlamaIndex user gets our hits as nodes, in their order, with ids and where they come from."""
    hits = [hit(1, 0.9), hit(2, 0.4)]
    asked: list[str] = []

    def find(question: str) -> list[Hit]:
        asked.append(question)
        return hits

    retriever = WhetstoneRetriever(find)
    nodes = retriever.retrieve("What is it?")

    assert isinstance(retriever, BaseRetriever)
    assert asked == ["What is it?"]
    assert [(node.node_id, node.text, node.score) for node in nodes] == [
        (one.passage.id, one.passage.text, one.score) for one in hits
    ]
    assert nodes[0].metadata == {
        "title": "Title",
        "uri": "test:1",
        "document_id": hits[0].passage.document_id,
        "position": 1,
        "rank": 1,
    }
    assert nodes[0].node.ref_doc_id == hits[0].passage.document_id


def test_nodes_have_the_metadata_of_their_documents() -> None:
    """Typed as they are, lists as lists, for filters and postprocessors; no prompt shows them, and ours stay ours."""
    known = {"year": 2024, "tags": ["food", "lunch"], "open": True, "rank": "first"}
    document = Document.create(uri="test:1", title="Title", text="text", metadata=known)
    found = Hit(passage=Passage.create(document, 0, "text 1"), rank=1, score=0.9)

    (node,) = WhetstoneRetriever(lambda _: [found]).retrieve("What is it?")

    assert node.metadata["tags"] == ["food", "lunch"]
    assert [node.metadata[name] for name in ("year", "open", "rank")] == [2024, True, 1]
    assert node.node.get_content(MetadataMode.LLM) == "title: Title\nuri: test:1\n\ntext 1"
    assert node.node.get_content(MetadataMode.EMBED) == "title: Title\n\ntext 1"


def test_retriever_answers_asynchronously() -> None:
    """``aretrieve`` works as well, from a running event loop."""
    nodes = asyncio.run(WhetstoneRetriever(lambda _: [hit(1, 0.9)]).aretrieve("What?"))

    assert [node.score for node in nodes] == [0.9]


def test_room_for_what_stands_beside() -> None:
    """Pieces of a given room have no more tokens, and do not overlap."""
    splitter = SentenceSplitterAdapter(Chunking(max_tokens=64, overlap_tokens=16))
    text = " ".join(f"word{number}" for number in range(200))

    pieces = splitter.split(text, room=20)

    assert max(map(splitter.tokens, pieces)) <= 20
    assert " ".join(pieces) == text


def test_a_node_says_where_its_passage_stands() -> None:
    """Where that is known, a language model is told the page."""
    document = Document.create(uri="test:1", title="Title", text="text")
    passage = Passage.create(document, 0, "text", locator="page 3")

    (found,) = WhetstoneRetriever(lambda _: [Hit(passage=passage, rank=1, score=0.5)]).retrieve("?")

    assert "locator: page 3" in found.node.get_content(MetadataMode.LLM)


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\u00a0"])
def test_a_million_blanks_are_cut(blank: str) -> None:
    """Blanks on which the tokeniser's pattern gives up part the text, and are no text themselves."""
    splitter = SentenceSplitterAdapter(Chunking(max_tokens=60, overlap_tokens=10))
    text = f"before{blank * 1_200_000}after"

    assert splitter.split(text) == ["before", "after"]
    assert splitter.tokens(text) == 2
