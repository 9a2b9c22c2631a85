"""The peers of finetuning_peers.py: the two embedding engines of llama-index-finetuning, with their own defaults.

Runs in an environment of its own. Started with the folder of the base model; an order trains one engine, has its model
embed questions and passages, and writes the vectors as .npy files.
"""

import contextlib
import itertools
import json
import math
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from llama_index.core.embeddings.utils import resolve_embed_model  # noqa: E402
from llama_index.finetuning import (  # noqa: E402
    EmbeddingAdapterFinetuneEngine,
    EmbeddingQAFinetuneDataset,
    SentenceTransformersFinetuneEngine,
)
from worker import work  # noqa: E402

Pairs = Sequence[Sequence[str]]  # of question and passage
BATCH = 10  # both engines' default
base = sys.argv[1]
torch.set_num_threads(2)
passages_of_base: dict[str, np.ndarray] = {}  # an adapter leaves passages alone, so they are embedded once


def passes(pairs: Pairs, count: int, seed: int) -> EmbeddingQAFinetuneDataset:
    """Lay `count` pairs out as one dataset: pass after pass over all of them, each in an order of its own."""
    rng = random.Random(seed)

    def endless() -> Iterator[Sequence[str]]:
        while True:
            yield from rng.sample(pairs, len(pairs))

    queries, corpus, relevant = {}, {}, {}
    for number, (question, passage) in enumerate(itertools.islice(endless(), count)):
        key = str(number)
        queries[key], corpus[key], relevant[key] = question, passage, [key]
    return EmbeddingQAFinetuneDataset(queries=queries, corpus=corpus, relevant_docs=relevant)


def engine(name: str, dataset: EmbeddingQAFinetuneDataset, target: Path, *, once: bool) -> Any:
    """Make an engine as its documentation does; `once`: the dataset holds all passes already."""
    epochs = {"epochs": 1} if once else {}
    if name == "SentenceTransformersFinetuneEngine":
        # Its looks at a val_dataset, every 50 steps by default, would take half of its time; with neither, it fails.
        return SentenceTransformersFinetuneEngine(
            dataset, model_id=base, model_output_path=str(target), evaluation_steps=0, **epochs
        )
    return EmbeddingAdapterFinetuneEngine(
        dataset, resolve_embed_model(f"local:{base}"), model_output_path=str(target), **epochs
    )


def cost(
    name: str, dataset: EmbeddingQAFinetuneDataset, target: Path, *, once: bool = True
) -> tuple[Any, float, float]:
    """Train; give the trained engine, its seconds of processor time over all threads, and those on the wall."""
    made = engine(name, dataset, target, once=once)
    wall, processor = time.perf_counter(), time.process_time()
    made.finetune()
    return made, time.process_time() - processor, time.perf_counter() - wall


def affordable(
    name: str, pairs: Pairs, seconds: float, sizes: Sequence[int], seed: int, scratch: Path
) -> int:
    """Return how many steps an engine does in that processor time, judged by two short runs that are thrown away."""
    cost(name, passes(pairs, BATCH, seed), scratch / "first")  # what is imported at first use does not count
    spent = [cost(name, passes(pairs, steps * BATCH, seed), scratch / str(steps))[1] for steps in sizes]
    step: float = (spent[1] - spent[0]) / (sizes[1] - sizes[0])
    if step <= 0:
        raise RuntimeError(f"{sizes[1]} steps took no longer than {sizes[0]} ({spent}); use more steps.")
    fixed = max(0.0, spent[0] - sizes[0] * step)
    return max(1, math.floor((seconds - fixed) / step))


def vectors(model: Any, name: str, part: Mapping[str, Any], folder: Path) -> None:
    """Embed one set's questions and passages with the engine's model, and write them."""
    content = json.loads(Path(part["file"]).read_text(encoding="utf-8"))
    questions = [model.get_query_embedding(text) for text in content["questions"]]
    adapter = name == "EmbeddingAdapterFinetuneEngine"
    if not adapter or part["name"] not in passages_of_base:
        embedded = np.asarray(model.get_text_embedding_batch(content["passages"]), dtype=np.float32)
        if adapter:
            passages_of_base[part["name"]] = embedded
    else:
        embedded = passages_of_base[part["name"]]
    np.save(folder / f"{part['part']}-questions.npy", np.asarray(questions, dtype=np.float32))
    np.save(folder / f"{part['part']}-passages.npy", embedded)


def finetune(order: Mapping[str, Any]) -> dict[str, Any]:
    """Train one engine and embed with it."""
    name, seed = order["engine"], order["seed"]
    pairs = json.loads(Path(order["pairs"]).read_text(encoding="utf-8"))
    # Trainers leave checkpoints where they run.
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with contextlib.chdir(scratch):
            transformers.set_seed(seed)
            if order["seconds"] is None:
                dataset, once = passes(pairs, len(pairs), seed), False
            else:
                steps = affordable(name, pairs, order["seconds"], order["sizes"], seed, scratch)
                dataset, once = passes(pairs, steps * BATCH, seed), True
            transformers.set_seed(seed)
            made, processor, wall = cost(name, dataset, scratch / "tuned", once=once)
            model = made.get_finetuned_model()
            for part in order["parts"]:
                vectors(model, name, part, Path(order["vectors"]))
    seen = len(dataset.queries) * (1 if once else 2 if name.startswith("Sentence") else 1)
    return {"cpu_seconds": processor, "seconds": wall, "pairs_seen": seen}


if __name__ == "__main__":
    work(finetune)
