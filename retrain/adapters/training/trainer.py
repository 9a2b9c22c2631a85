"""Fine-tuning an encoder artefact: what the loop of a lane starts from, and what becomes of it."""

import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from rag.domain import Passage, digest_of
from rag.errors import InvalidInput
from rag.ports import EncoderStore, Progress
from retrain.adapters.training.ended import recall, remember
from retrain.adapters.training.loop import WARM_UP, Ended, Lane, Loop, TrainingState
from retrain.adapters.training.precision import precision
from retrain.adapters.training.static_lane import StaticLane
from retrain.adapters.training.transformer_lane import TransformerLane
from retrain.domain import EvalQuestion, TrainingPair, TrainingReport
from retrain.ports import Trainer
from retrain.settings import RetrainSettings
from retrain.training.batches import GROUP
from retrain.training.blending import ALPHAS, WITHOUT_DEV
from retrain.training.material import check, lay_out
from retrain.training.recipe import DEV_SAMPLES, DevSample, EncoderRecipe, TransformerRecipe

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LANES: Mapping[str, Callable[..., Lane]] = {"static": StaticLane, "transformer": TransformerLane}

FEWEST_BATCHES = 8
"""A small set is cut into at least so many batches, or an epoch would be one step."""


@dataclass(frozen=True)
class LaneTrainer(Trainer):
    """Trains by multiple negatives ranking loss, and keeps the best checkpoint by dev nDCG@10.

    What is kept is a mix of that checkpoint's weights and the incumbent's, the share chosen on dev; `best_dev` is the
    mix's. Without dev questions it is 0, and the last step's weights are mixed, in a fixed share.

    Checkpoints lie in a folder named after all inputs, so that a run that was killed can go on. One that had ended is
    not run again while its artefact is there. InvalidInput also where the lane that is set is not the incumbent's.
    """

    encoders: EncoderStore
    work: Path  # for checkpoints
    settings: RetrainSettings
    # What an evaluation reads, by lane.
    samples: Mapping[str, DevSample] = field(default_factory=lambda: DEV_SAMPLES)

    @override
    def train(
        self,
        incumbent: str,
        pairs: Sequence[TrainingPair],
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        *,
        progress: Progress,
    ) -> tuple[str, TrainingReport]:
        check(pairs)
        kind = self._lane(incumbent)
        recipe = _recipe(kind, self.settings, len(pairs))
        dev, dev_corpus = _sampled(dev, corpus, self.samples[kind], seed=self.settings.seed)
        folder = self.work / _key(incumbent, pairs, dev, dev_corpus, recipe)
        outcome = folder.with_suffix(".json")
        if (earlier := recall(outcome, self.encoders.digests())) is not None:
            return earlier
        started = time.perf_counter()
        # Without a query-side adapter, which belongs to its encoder's vectors and not to those of a new one.
        start = self.encoders.path(self.encoders.passages_digest(incumbent))
        # The static lane's sparse products are the processor's, also where there is a GPU.
        model = _load(start, gpu=kind == "transformer")
        material = lay_out(pairs).seen()
        lane = LANES[kind](model, material, dev, dev_corpus, recipe)
        ended = Loop(lane, material, dev, dev_corpus, recipe, folder, progress).run()
        lane.write()
        final = folder / "final"
        # A card of its making would carry questions of the log into the artefact.
        model.save_pretrained(str(final), create_model_card=False)
        digest = self.encoders.register(final)
        report = _report(ended, recipe, pairs=len(pairs), seconds=time.perf_counter() - started)
        remember(outcome, digest, report)
        shutil.rmtree(folder)
        return digest, report

    def _lane(self, incumbent: str) -> Literal["transformer", "static"]:
        kind = self.encoders.kind(incumbent)
        if self.settings.lane not in ("auto", kind):
            raise InvalidInput(
                f"The lane is set to {self.settings.lane}, but the live encoder is of the {kind} kind; "
                f"set WHETSTONE_RETRAIN_LANE to auto or {kind}, or promote an encoder of the other kind."
            )
        return kind


def _recipe(lane: Literal["transformer", "static"], settings: RetrainSettings, pairs: int) -> EncoderRecipe:
    """Return what the settings say of a lane."""
    static = lane == "static"
    batch = settings.static_batch_size if static else settings.batch_size
    recipe = EncoderRecipe(
        lane=lane,
        seed=settings.seed,
        epochs=settings.static_epochs if static else settings.epochs,
        batch_size=min(batch, max(2, pairs // FEWEST_BATCHES)),
        learning_rate=settings.static_learning_rate if static else settings.learning_rate,
        scale=settings.static_scale if static else settings.scale,
        hard_negatives=settings.static_hard_negatives if static else settings.hard_negatives,
        negative_margin=settings.negative_margin,
        eval_steps=settings.eval_steps,
        save_steps=settings.save_steps,
        max_steps=settings.max_steps,
        patience=settings.patience,
        matryoshka=settings.matryoshka,
    )
    if static:
        return recipe
    return TransformerRecipe(
        **asdict(recipe),
        max_length=settings.max_length,
        symmetric=settings.symmetric,
        retention=settings.retention,
        lora_rank=settings.lora_rank,
        tokens_at_once=settings.tokens_at_once,
        precision=precision(settings.precision),
    )


def _report(ended: Ended, recipe: EncoderRecipe, *, pairs: int, seconds: float) -> TrainingReport:
    state = ended.state
    return TrainingReport(
        lane=recipe.lane,
        pairs=pairs,
        steps=state.step,
        epochs=recipe.epochs * state.step / ended.steps,
        seconds=seconds,
        best_dev=ended.dev,
        history=tuple(state.history),
        settings={**recipe.plain(), **ended.blend.plain()},
    )


def _sampled(
    dev: Sequence[EvalQuestion], corpus: Sequence[Passage], sample: DevSample, *, seed: int
) -> tuple[list[EvalQuestion], list[Passage]]:
    """Return dev questions that the corpus can answer, and a corpus small enough to search often."""
    there = {passage.id for passage in corpus}
    asked = [question for question in dev if question.relevant & there]
    chance = random.Random(seed)
    if len(asked) > sample.questions:
        asked = chance.sample(asked, sample.questions)
    wanted = frozenset[str]().union(*(question.relevant for question in asked))
    relevant = [passage for passage in corpus if passage.id in wanted]
    others = sorted((passage for passage in corpus if passage.id not in wanted), key=lambda p: p.id)
    return asked, relevant + chance.sample(others, min(sample.distractors, len(others)))


def _key(
    incumbent: str,
    pairs: Sequence[TrainingPair],
    dev: Sequence[EvalQuestion],
    corpus: Sequence[Passage],
    recipe: EncoderRecipe,
) -> str:
    content = {
        "incumbent": incumbent,
        "pairs": [
            [pair.question, pair.passage_id, pair.passage_text, list(pair.negatives)] for pair in pairs
        ],
        "dev": [[question.text, sorted(question.relevant)] for question in dev],
        "corpus": [passage.id for passage in corpus],
        "recipe": recipe.plain(),
        # Not to be set, but another one in another version, which must not go on from this one's checkpoint.
        "constants": [GROUP, WARM_UP, list(ALPHAS), WITHOUT_DEV],
        "checkpoint": [each.name for each in fields(TrainingState)],
    }
    return digest_of(content)[:32]


def _load(folder: Path, *, gpu: bool) -> "SentenceTransformer":
    """Return a checked artefact loaded in float32: a distilled table may have half precision, and diverge in it."""
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(
        str(folder),
        device="cuda" if gpu and torch.cuda.is_available() else "cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "torch_dtype": "float32"},
    ).float()
