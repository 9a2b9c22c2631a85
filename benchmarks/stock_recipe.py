"""The stock recipe that ours is compared with: the SentenceTransformerTrainer as its documentation has it.

MultipleNegativesRankingLoss, float32, batches of 64 in random order, texts cut at 128 tokens, AdamW with rate 5e-5,
linear warm-up over a tenth of the steps and linear decay, one epoch. Nothing of this project takes part in the
training. It runs in a process of its own, so that neither side's threads and memory disturb the other.
"""

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from worker import Worker, work

from rag.domain import Passage
from retrain.domain import EvalQuestion, Origin, TrainingPair
from retrain.verdict.evaluation import DEPTH, METRICS, evaluate, rank

BATCH = 64
TOKENS = 128
RATE = 5e-5
WARM_UP = 0.1


def stock(
    base: Path,
    pairs: Sequence[TrainingPair],
    *,
    seed: int,
    target: Path | None = None,
    dev: Sequence[EvalQuestion] = (),
    corpus: Sequence[Passage] = (),
    every: int = 0,
) -> dict[str, Any]:
    """Train by the stock recipe in another process.

    Args:
        base: folder of the model to start from.
        pairs: questions and passages.
        seed: of the order of the pairs, and of dropout.
        target: where the model is written; None: nowhere.
        dev: questions that are looked at while it trains.
        corpus: what they are looked for in.
        every: steps between two looks; 0: no look.

    Returns:
        ``steps``; ``seconds`` and ``cpu_seconds`` of training, without the looks; ``curve``, a list of [step, seconds
        of training so far, Recall@10 on dev]: one before the first step, one every `every` steps, one after the last.
    """
    rows = {passage.id: row for row, passage in enumerate(corpus)}
    material = {
        "pairs": [[pair.question, pair.passage_text] for pair in pairs],
        "dev": [[question.text, sorted(rows[each] for each in question.relevant)] for question in dev],
        "corpus": [passage.embedded_text for passage in corpus],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "material.json"
        file.write_text(json.dumps(material), encoding="utf-8")
        worker = Worker(sys.executable, Path(__file__))
        try:
            reply: dict[str, Any] = worker.do(
                {
                    "base": str(base),
                    "material": str(file),
                    "target": str(target) if target else None,
                    "seed": seed,
                    "every": every,
                }
            )
        finally:
            worker.close()
    return reply


def recall(vectors: Callable[[], tuple[np.ndarray, np.ndarray]], answers: Sequence[Sequence[int]]) -> float:
    """Return the mean Recall@10 by exact search.

    Args:
        vectors: gives unit vectors of the questions and of the corpus.
        answers: for each question, the rows of the corpus that answer it.
    """
    found = [[str(row) for row in rows] for rows in rank(*vectors(), DEPTH)]
    asked = [
        EvalQuestion(
            id=str(number),
            text="",
            relevant=frozenset(map(str, right)),
            documents=frozenset(),
            origin=Origin.LABEL,
        )
        for number, right in enumerate(answers)
    ]
    return float(evaluate(found, asked)[:, list(METRICS).index("recall@10")].mean())


def _train(order: dict[str, Any]) -> dict[str, Any]:
    if not Path(order["base"]).is_dir():
        raise FileNotFoundError(f"There is no model in {order['base']}.")
    with tempfile.TemporaryDirectory() as scratch:
        return _trained(order, Path(scratch))


def _trained(order: dict[str, Any], scratch: Path) -> dict[str, Any]:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.training_args import (
        SentenceTransformerTrainingArguments,
    )
    from transformers import TrainerCallback

    material = json.loads(Path(order["material"]).read_text(encoding="utf-8"))
    model = SentenceTransformer(
        order["base"], device="cpu", local_files_only=True, model_kwargs={"torch_dtype": "float32"}
    ).float()
    reads = model.max_seq_length
    model.max_seq_length = TOKENS
    curve: list[list[float]] = []
    clock = _Clock()

    def look(step: int) -> None:
        with clock.stopped():
            value = recall(
                lambda: (
                    model.encode_query([text for text, _ in material["dev"]], normalize_embeddings=True),
                    model.encode_document(material["corpus"], normalize_embeddings=True),
                ),
                [right for _, right in material["dev"]],
            )
            curve.append([step, clock.seconds, value])

    class Looks(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            if order["every"] and (
                state.global_step % order["every"] == 0 or state.global_step == state.max_steps
            ):
                look(state.global_step)

    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(scratch),
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            warmup_steps=WARM_UP,
            seed=order["seed"],
            data_seed=order["seed"],
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            use_cpu=True,
        ),
        train_dataset=Dataset.from_dict(
            {
                "anchor": [question for question, _ in material["pairs"]],
                "positive": [passage for _, passage in material["pairs"]],
            }
        ),
        loss=MultipleNegativesRankingLoss(model),
        callbacks=[Looks()],
    )
    if order["every"]:
        look(0)
    clock.start()
    trainer.train()
    clock.stop()
    if order["target"]:
        # Texts were cut for speed; the model reads as much as the one it came from.
        model.max_seq_length = reads
        model.save_pretrained(order["target"], create_model_card=False)
    return {
        "steps": trainer.state.global_step,
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "curve": curve,
    }


class _Clock:
    """Counts time while it runs: that on the wall, and that of all threads of this process."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self._since: tuple[float, float] | None = None

    def start(self) -> None:
        self._since = (time.perf_counter(), time.process_time())

    def stop(self) -> None:
        if self._since is not None:
            self.seconds += time.perf_counter() - self._since[0]
            self.cpu_seconds += time.process_time() - self._since[1]
        self._since = None

    @contextlib.contextmanager
    def stopped(self) -> Any:
        """Count nothing of what is done in the context."""
        ran = self._since is not None
        self.stop()
        yield
        if ran:
            self.start()


if __name__ == "__main__":
    work(_train)
