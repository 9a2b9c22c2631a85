"""Fine-tuning: the transformer lane with the Sentence Transformers Trainer, the static lane with a loop of our own.

Knows nothing of where pairs come from.
"""

import json
import math
import random
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rag.domain import Passage, digest_of
from rag.errors import InvalidInput
from rag.ports import EncoderStore
from retrain.adapters.training.loop import Loop
from retrain.adapters.training.static_lane import StaticLane
from retrain.domain import EvalQuestion, TrainingPair, TrainingReport
from retrain.ports import Progress
from retrain.settings import RetrainSettings
from retrain.training.material import lay_out

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.evaluation import BaseEvaluator
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

DEV_METRIC = "dev_cosine_ndcg@10"
DEV_DISTRACTORS = 2_000
"""Passages that answer no dev question, searched along with those that do; more would make a look dear."""
FEWEST_BATCHES = 8
"""A small set is cut into at least so many batches, or an epoch would be one step."""


class SentenceTransformerTrainerAdapter:
    """Fulfils `Trainer`: multiple negatives ranking loss, the best checkpoint by dev nDCG@10 is kept.

    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply": every other
    passage of the batch is a negative, so no batch holds a question or a passage twice.
    """

    def __init__(self, encoders: EncoderStore, work: Path, settings: RetrainSettings) -> None:
        """Take where artefacts live, a folder for checkpoints, and the settings of both lanes."""
        self._encoders = encoders
        self._work = work
        self._settings = settings

    def train(
        self,
        incumbent: str,
        pairs: Sequence[TrainingPair],
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        *,
        progress: Progress,
    ) -> tuple[str, TrainingReport]:
        """Train from the incumbent's artefact; give the new artefact's digest and how it went.

        Checkpoints lie in a folder named after all inputs, so a run that was killed goes on from its last one
        when called again with the same arguments. `best_dev` is 0 where there are no dev questions; then the
        last checkpoint is kept. In the static lane it is the metric of the mix with the incumbent that was kept.

        Raises:
            InvalidInput: fewer than two pairs, or all of one passage, or the lane is not the incumbent's.
        """
        if len({pair.passage_id for pair in pairs}) < 2:
            raise InvalidInput(
                f"Training needs pairs of at least two passages, and got {len(pairs)} pairs of "
                f"{len({pair.passage_id for pair in pairs})}; mine more questions or ingest more documents."
            )
        lane = self._lane(incumbent)
        recipe = _recipe(lane, self._settings, len(pairs))
        dev, dev_corpus = _dev_corpus(dev, corpus, seed=self._settings.seed)
        folder = self._work / _key(incumbent, pairs, dev, dev_corpus, recipe)
        started = time.perf_counter()
        # The static lane's sparse products are the processor's, also where there is a GPU.
        # Without a query-side adapter, which belongs to its encoder's vectors and not to those of a new one.
        start = self._encoders.path(self._encoders.passages_digest(incumbent))
        model = _load(start, gpu=lane == "transformer")
        if lane == "static":
            report = _train_static(model, pairs, dev, dev_corpus, folder, recipe, progress)
        else:
            report = _train_transformer(model, pairs, dev, dev_corpus, folder, recipe, progress)
        final = folder / "final"
        model.save_pretrained(str(final), create_model_card=False)
        digest = self._encoders.register(final)
        shutil.rmtree(folder)
        return digest, replace(report, seconds=time.perf_counter() - started)

    def _lane(self, incumbent: str) -> Literal["transformer", "static"]:
        kind = self._encoders.kind(incumbent)
        if self._settings.lane not in ("auto", kind):
            raise InvalidInput(
                f"The lane is set to {self._settings.lane}, but the live encoder is of the {kind} kind; "
                f"set WHETSTONE_RETRAIN_LANE to auto or {kind}, or promote an encoder of the other kind."
            )
        return kind


def _recipe(lane: Literal["transformer", "static"], settings: RetrainSettings, pairs: int) -> dict[str, Any]:
    """Give everything that decides on the outcome besides the data."""
    static = lane == "static"
    batch = settings.static_batch_size if static else settings.batch_size
    common = {
        "lane": lane,
        "seed": settings.seed,
        "epochs": settings.static_epochs if static else settings.epochs,
        "batch_size": min(batch, max(2, pairs // FEWEST_BATCHES)),
        "learning_rate": settings.static_learning_rate if static else settings.learning_rate,
        "scale": settings.static_scale if static else settings.scale,
        "eval_steps": settings.eval_steps,
        "max_steps": settings.max_steps,
    }
    if static:
        return common | {
            "save_steps": settings.save_steps,
            "hard_negatives": settings.static_hard_negatives,
            "negative_margin": settings.negative_margin,
            "patience": settings.patience,
        }
    return common | {
        "max_length": settings.max_length,
        # Only a checkpoint that dev was looked at can be the best one.
        "save_steps": settings.eval_steps * math.ceil(settings.save_steps / settings.eval_steps),
        "save_limit": settings.save_limit,
    }


def _train_static(
    model: "SentenceTransformer",
    pairs: Sequence[TrainingPair],
    dev: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    folder: Path,
    recipe: Mapping[str, Any],
    progress: Progress,
) -> TrainingReport:
    """Train the table of a static model in place."""
    material = lay_out(pairs)
    lane = StaticLane(model, material, dev, corpus, recipe)
    ended = Loop(lane, material, dev, corpus, recipe, folder, progress).run()
    lane.write()
    state, chosen = ended.state, {}
    if ended.blend is not None:
        chosen = {
            "alpha": ended.blend.alpha,
            "dev_by_alpha": {str(alpha): score for alpha, score in sorted(ended.blend.scores.items())},
        }
    return TrainingReport(
        lane="static",
        pairs=len(pairs),
        steps=state.step,
        epochs=recipe["epochs"] * state.step / ended.steps,
        seconds=0.0,
        best_dev=ended.dev,
        history=tuple(state.history),
        settings={**recipe, **chosen},
    )


def _train_transformer(
    model: "SentenceTransformer",
    pairs: Sequence[TrainingPair],
    dev: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    folder: Path,
    recipe: Mapping[str, Any],
    progress: Progress,
) -> TrainingReport:
    """Train a transformer in place."""
    full_length = model.max_seq_length
    model.max_seq_length = min(full_length or recipe["max_length"], recipe["max_length"])
    trainer = _trainer(model, pairs, _evaluator(dev, corpus), folder, recipe, progress)
    last = _last_checkpoint(folder)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    # Texts were cut for speed; the artefact reads as much as its parent.
    model.max_seq_length = full_length
    state = trainer.state
    return TrainingReport(
        lane="transformer",
        pairs=len(pairs),
        steps=state.global_step,
        epochs=float(state.epoch or 0.0),
        seconds=0.0,
        best_dev=float(state.best_metric or 0.0),
        history=_history(state.log_history),
        settings=dict(recipe),
    )


def _dev_corpus(
    dev: Sequence[EvalQuestion], corpus: Sequence[Passage], *, seed: int
) -> tuple[list[EvalQuestion], list[Passage]]:
    """Give the dev questions that the corpus can answer, and a corpus small enough to look at often."""
    wanted = frozenset[str]().union(*(question.relevant for question in dev))
    relevant = [passage for passage in corpus if passage.id in wanted]
    there = {passage.id for passage in relevant}
    others = sorted((passage for passage in corpus if passage.id not in wanted), key=lambda p: p.id)
    sample = random.Random(seed).sample(others, min(DEV_DISTRACTORS, len(others)))
    return [question for question in dev if question.relevant & there], relevant + sample


def _key(
    incumbent: str,
    pairs: Sequence[TrainingPair],
    dev: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    recipe: Mapping[str, Any],
) -> str:
    content = {
        "incumbent": incumbent,
        "pairs": [
            [pair.question, pair.passage_id, pair.passage_text, list(pair.negatives)] for pair in pairs
        ],
        "dev": [[question.text, sorted(question.relevant)] for question in dev],
        "corpus": [passage.id for passage in corpus],
        "recipe": dict(recipe),
    }
    return digest_of(content)[:32]


def _load(folder: Path, *, gpu: bool) -> "SentenceTransformer":
    """Load a checked artefact in float32: a distilled table may have half precision, and diverge in it."""
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(
        str(folder),
        device="cuda" if gpu and torch.cuda.is_available() else "cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "torch_dtype": "float32"},
    ).float()


def _evaluator(dev: Sequence[EvalQuestion], corpus: Sequence[Passage]) -> "BaseEvaluator | None":
    if not dev:
        return None
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    there = {passage.id for passage in corpus}
    return InformationRetrievalEvaluator(
        queries={question.id: question.text for question in dev},
        corpus={passage.id: passage.embedded_text for passage in corpus},
        relevant_docs={question.id: set(question.relevant & there) for question in dev},
        name="dev",
        write_csv=False,
        show_progress_bar=False,
        score_functions=None,
        main_score_function="cosine",
    )


def _trainer(
    model: "SentenceTransformer",
    pairs: Sequence[TrainingPair],
    evaluator: "BaseEvaluator | None",
    folder: Path,
    recipe: Mapping[str, Any],
    progress: Progress,
) -> "SentenceTransformerTrainer":
    import torch
    from datasets import Dataset
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.training_args import (
        BatchSamplers,
        SentenceTransformerTrainingArguments,
    )
    from transformers import PrinterCallback, TrainerCallback

    texts = Dataset.from_dict(
        {"question": [p.question for p in pairs], "passage": [p.passage_text for p in pairs]}
    )
    identities = Dataset.from_dict(
        {"question": [p.question.casefold() for p in pairs], "passage": [p.passage_id for p in pairs]}
    )

    class Steps(TrainerCallback):
        """Tells how far it is, after every step."""

        def on_step_end(
            self,
            args: Any,  # noqa: ARG002  # the caller's signature
            state: Any,
            control: Any,  # noqa: ARG002
            **kwargs: Any,  # noqa: ARG002
        ) -> None:
            progress(state.global_step, state.max_steps, "training")

    class PassageWise(SentenceTransformerTrainer):
        """Keeps one passage's pairs apart even where its text was cut differently, and writes no model card.

        A model card would carry questions of the log into the artefact.
        """

        def get_batch_sampler(
            self,
            dataset: Any,  # noqa: ARG002
            batch_size: int,
            drop_last: bool,
            valid_label_columns: list[str] | None = None,
            generator: Any = None,
            seed: int = 0,
        ) -> Any:
            return super().get_batch_sampler(
                identities, batch_size, drop_last, valid_label_columns, generator, seed
            )

        def add_model_card_callback(self, default_args_dict: Any) -> None:
            """Add none."""

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ARG002
            model.save_pretrained(output_dir or str(folder), create_model_card=False)

    prompts = {
        column: prompt
        for column, name in (("question", "query"), ("passage", "document"))
        if (prompt := model.prompts.get(name))
    }
    trainer = PassageWise(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(folder),
            num_train_epochs=recipe["epochs"],
            max_steps=recipe["max_steps"],
            per_device_train_batch_size=recipe["batch_size"],
            per_device_eval_batch_size=recipe["batch_size"],
            learning_rate=recipe["learning_rate"],
            warmup_steps=0.1,
            weight_decay=0.0,
            batch_sampler=BatchSamplers.NO_DUPLICATES,
            prompts=prompts or None,
            seed=recipe["seed"],
            data_seed=recipe["seed"],
            eval_strategy="steps" if evaluator else "no",
            eval_steps=recipe["eval_steps"],
            save_strategy="steps",
            save_steps=recipe["save_steps"],
            save_total_limit=recipe["save_limit"],
            load_best_model_at_end=evaluator is not None,
            metric_for_best_model=DEV_METRIC if evaluator else None,
            greater_is_better=True if evaluator else None,
            logging_strategy="steps",
            logging_steps=10,
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            use_cpu=not torch.cuda.is_available(),
        ),
        train_dataset=texts,
        loss=MultipleNegativesRankingLoss(model, scale=recipe["scale"]),
        evaluator=evaluator,
        callbacks=[Steps()],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _last_checkpoint(folder: Path) -> Path | None:
    """Give the newest checkpoint that was written to its end: the trainer's state is the last file of one."""
    checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    for checkpoint in reversed(checkpoints):
        if _readable(checkpoint / "trainer_state.json"):
            return checkpoint
        shutil.rmtree(checkpoint)
    return None


def _readable(state: Path) -> bool:
    try:
        json.loads(state.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return True


def _history(log: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, float], ...]:
    """Give one entry for each logged step, with the loss, the dev metric, or both."""
    entries: dict[int, dict[str, float]] = {}
    for line in log:
        entry = entries.setdefault(line["step"], {"step": line["step"]})
        if "loss" in line:
            entry["loss"] = float(line["loss"])
        if f"eval_{DEV_METRIC}" in line:
            entry["dev"] = float(line[f"eval_{DEV_METRIC}"])
    return tuple(entry for _, entry in sorted(entries.items()) if len(entry) > 1)
