"""The peer of index_building.py: LlamaIndex builds a VectorStoreIndex over a Qdrant folder.

Runs in the peers' environment.
"""

import json
import shutil
import sys
import tempfile
import time
import uuid
import warnings
from pathlib import Path

import torch
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from worker import work

warnings.simplefilter("ignore")
torch.set_num_threads(2)
model, corpus, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Path(corpus).open() as lines:
    rows = [json.loads(line) for line in lines][:count]
embedding = HuggingFaceEmbedding(model_name=model, device="cpu", embed_batch_size=32)
embedding.get_text_embedding("warm up")


def build(_: object) -> float:
    """Build once from nothing; give the seconds."""
    folder = tempfile.mkdtemp()
    nodes = [
        TextNode(
            text=f"{row.get('title', '')}\n{row['text']}", id_=str(uuid.uuid5(uuid.NAMESPACE_URL, row["_id"]))
        )
        for row in rows
    ]
    began = time.perf_counter()
    client = QdrantClient(path=folder)
    store = QdrantVectorStore(client=client, collection_name="passages", batch_size=256)
    VectorStoreIndex(
        nodes, storage_context=StorageContext.from_defaults(vector_store=store), embed_model=embedding
    )
    took = time.perf_counter() - began
    client.close()
    shutil.rmtree(folder)
    return took


work(build)
