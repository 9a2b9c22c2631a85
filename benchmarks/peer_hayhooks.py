"""The peer of chat_service.py: a Haystack pipeline served by Hayhooks. Runs in the peers' environment.

Given a model folder, a file of passages (JSON lines with id, text and vector), and the language model's URL, it puts
the very vectors of our index into Haystack's Qdrant store, and serves embedder, retriever, prompt and generator as
an OpenAI-compatible endpoint. Prints its URL.
"""

import json
import os
import socket
import sys
import tempfile
from pathlib import Path

WRAPPER = '''
import os
from typing import Any

from haystack import Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage, Document
from haystack.utils import Secret
from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder
from haystack_integrations.components.retrievers.qdrant import QdrantEmbeddingRetriever
from haystack_integrations.document_stores.qdrant import QdrantDocumentStore
from hayhooks import BasePipelineWrapper, streaming_generator

TEMPLATE = """Answer from these passages and cite them as [n].
{% for document in documents %}[{{ loop.index }}] {{ document.content }}
{% endfor %}
Question: {{ question }}"""


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        import json

        import torch

        torch.set_num_threads(2)
        with open(os.environ["PEER_PASSAGES"]) as lines:
            rows = [json.loads(line) for line in lines]
        store = QdrantDocumentStore(
            path=os.environ["PEER_INDEX"],
            embedding_dim=len(rows[0]["vector"]),
            force_disable_check_same_thread=True,
            progress_bar=False,
        )
        store.write_documents(
            [Document(id=row["id"], content=row["text"], embedding=row["vector"]) for row in rows]
        )
        self.pipeline = Pipeline()
        self.pipeline.add_component(
            "embedder",
            SentenceTransformersTextEmbedder(
                model=os.environ["PEER_MODEL"], progress_bar=False, normalize_embeddings=True, local_files_only=True
            ),
        )
        self.pipeline.add_component("retriever", QdrantEmbeddingRetriever(document_store=store, top_k=5))
        self.pipeline.add_component(
            "prompt", ChatPromptBuilder(template=[ChatMessage.from_user(TEMPLATE)], required_variables="*")
        )
        self.pipeline.add_component(
            "llm",
            OpenAIChatGenerator(
                api_key=Secret.from_token("none"), api_base_url=os.environ["PEER_LLM"], model="scripted"
            ),
        )
        self.pipeline.connect("embedder.embedding", "retriever.query_embedding")
        self.pipeline.connect("retriever.documents", "prompt.documents")
        self.pipeline.connect("prompt.prompt", "llm.messages")

    # Not the asynchronous way: Haystack opens a Qdrant folder a second time for it, which Qdrant refuses.
    def run_chat_completion(self, model: str, messages: list[dict], body: dict) -> Any:
        question = messages[-1]["content"]
        given = {"embedder": {"text": question}, "prompt": {"question": question}}
        if body.get("stream"):
            return streaming_generator(pipeline=self.pipeline, pipeline_run_args=given)
        return self.pipeline.run(given)["llm"]["replies"][0].text
'''


def main() -> None:
    """Serve until killed."""
    model, passages, llm = sys.argv[1:4]
    folder = Path(tempfile.mkdtemp())
    (folder / "pipelines" / "rag").mkdir(parents=True)
    (folder / "pipelines" / "rag" / "pipeline_wrapper.py").write_text(WRAPPER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ |= {
        "PEER_MODEL": model,
        "PEER_PASSAGES": passages,
        "PEER_LLM": llm,
        "PEER_INDEX": str(folder / "index"),
        "HAYSTACK_TELEMETRY_ENABLED": "false",
        "HF_HUB_OFFLINE": "1",
        "LOG": "ERROR",
    }
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
    hayhooks = str(Path(sys.executable).with_name("hayhooks"))
    arguments = [
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--pipelines-dir",
        str(folder / "pipelines"),
    ]
    os.execv(hayhooks, [hayhooks, *arguments])


if __name__ == "__main__":
    main()
