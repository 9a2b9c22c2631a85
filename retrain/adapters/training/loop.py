"""The loop of both lanes: schedule, evaluations on dev, early stop, checkpoints, resume, mixing with the incumbent."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.domain import Passage
from rag.ports import Progress
from retrain.domain import EvalQuestion
from retrain.training.batches import Batch, count, epoch
from retrain.training.blending import ALPHAS, WITHOUT_DEV, Blend, choose
from retrain.training.material import Material, Rows
from retrain.training.negatives import draw, near
from retrain.training.neighbours import neighbours
from retrain.training.recipe import EncoderRecipe
from retrain.verdict.evaluation import DEPTH, METRICS, clusters, evaluate, rank

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

DEV_METRIC = "ndcg@10"
ALSO_SHOWN = "recall@10"
CHECKPOINT = "checkpoint.pt"
WARM_UP = 0.1
"""Share of the steps in which the rate rises; then it falls to 0, both linearly."""

Weights = Mapping[str, "Tensor"]
Vectors = NDArray[np.float32]


class Lane(Protocol):
    """What a lane brings to the loop."""

    optimiser: "Optimizer"

    def gradients(self, batch: Batch) -> float:
        """Set the gradients of the batch's loss, and return the loss."""
        ...

    def vectors(self) -> tuple[Vectors, Vectors]:
        """Return unit vectors of the material's questions and passages, under the present weights."""
        ...

    def dev_vectors(self) -> tuple[Vectors, Vectors]:
        """Return unit vectors of the dev questions and the dev corpus, under the present weights."""
        ...

    def weights(self) -> Weights:
        """Return the weights that are trained, not copied."""
        ...

    def write(self) -> None:
        """Leave the model complete, with the present weights; called once, at the end."""
        ...


@dataclass(kw_only=True, slots=True)
class TrainingState:
    """How far a run is; what a checkpoint holds besides the weights."""

    step: int = 0
    best: float = -1.0  # dev metric of the best evaluation; -1: none yet
    best_step: int = 0
    evaluations_without_gain: int = 0
    seconds: float = 0.0  # that steps have taken, evaluations and checkpoints not counted
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A run that came to its end; the lane holds the weights to keep."""

    state: TrainingState
    steps: int  # that were planned
    blend: Blend
    dev: float  # dev metric of the weights that are kept, 0 without dev


class Loop:
    """Trains a lane on its material."""

    def __init__(
        self,
        lane: Lane,
        material: Material,
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        recipe: EncoderRecipe,
        folder: Path,
        progress: Progress,
    ) -> None:
        """Take the lane, what it learns from, what it is judged by, the recipe, and a folder for checkpoints."""
        self._lane = lane
        self._material = material
        self._dev = dev
        self._corpus = corpus
        self._recipe = recipe
        self._checkpoint = folder / CHECKPOINT
        self._progress = progress
        self._state = TrainingState()
        self._start = _copy(lane.weights())
        self._kept = self._start
        self._kept_scores: NDArray[np.float64] | None = None

    def run(self) -> Ended:
        """Train to the end, or until dev has not risen for `patience` evaluations; go on where a killed run was."""
        import torch

        recipe, state = self._recipe, self._state
        batches = count(self._material, recipe.batch_size)
        steps = max(1, round(recipe.epochs * batches))
        if recipe.max_steps > 0:
            steps = min(steps, recipe.max_steps)
        torch.manual_seed(recipe.seed)
        # Before a checkpoint is read: negatives are mined with the incumbent, also after a kill.
        nearest = None
        if recipe.hard_negatives:
            nearest = near(self._material, *self._lane.vectors(), margin=recipe.negative_margin)
        self._resume()
        stream = self._from(state.step, batches, neighbours(self._material), nearest)
        while state.step < steps and state.evaluations_without_gain < recipe.patience:
            started = time.perf_counter()
            # The first step's rate is above 0, the last one's too.
            share = (state.step + 1) / (WARM_UP * steps)
            fall = (steps - state.step) / (steps * (1 - WARM_UP))
            for group in self._lane.optimiser.param_groups:
                group["lr"] = recipe.learning_rate * min(1.0, share, fall)
            loss = self._lane.gradients(next(stream))
            self._lane.optimiser.step()
            self._lane.optimiser.zero_grad()
            state.step += 1
            state.seconds += time.perf_counter() - started
            last = state.step == steps
            entry: dict[str, float] = {"step": state.step, "loss": loss, "seconds": round(state.seconds, 2)}
            if self._dev and (last or state.step % recipe.eval_steps == 0):
                entry |= self._evaluate()
            if last or "dev" in entry or state.step % 10 == 0:
                state.history.append(entry)
            if last or state.step % recipe.save_steps == 0:
                self._save()
            self._progress(state.step, steps, "training")
        return self._end(steps)

    def _from(self, step: int, batches: int, alike: Rows, nearest: Rows | None) -> Iterator[Batch]:
        """Yield the batches from that step on, epoch after epoch, each with other draws of its negatives."""
        recipe = self._recipe
        while True:
            number, skip = divmod(step, batches)
            negatives = None
            if nearest is not None:
                negatives = draw(
                    self._material, nearest, count=recipe.hard_negatives, seed=recipe.seed + number
                )
            planned = epoch(
                self._material,
                size=recipe.batch_size,
                nearest=alike,
                negatives=negatives,
                seed=recipe.seed + number,
            )
            for at, batch in enumerate(planned):
                if at >= skip:
                    yield batch
            step = (number + 1) * batches

    def _evaluate(self) -> dict[str, float]:
        """Measure dev, and remember the weights where they are the best so far."""
        state = self._state
        measured = self._measured()
        scores = measured[:, 0]
        value = float(scores.mean())
        if value > state.best:
            state.best, state.best_step, state.evaluations_without_gain = value, state.step, 0
            self._kept, self._kept_scores = _copy(self._lane.weights()), scores
        else:
            state.evaluations_without_gain += 1
        return {"dev": value, f"dev_{ALSO_SHOWN}": float(measured[:, 1].mean())}

    def _measured(self) -> NDArray[np.float64]:
        """Return both dev metrics of each dev question, by exact search in the dev corpus: (questions, 2)."""
        questions, passages = self._lane.dev_vectors()
        found = [[self._corpus[row].id for row in rows] for rows in rank(questions, passages, DEPTH)]
        columns = [list(METRICS).index(metric) for metric in (DEV_METRIC, ALSO_SHOWN)]
        values: NDArray[np.float64] = evaluate(found, self._dev)[:, columns]
        return values

    def _end(self, steps: int) -> Ended:
        if not self._dev:
            self._kept = _copy(self._lane.weights())
            self._mix(WITHOUT_DEV)
            blend = Blend(alpha=WITHOUT_DEV, scores={})
            return Ended(state=self._state, steps=steps, blend=blend, dev=0.0)
        tried: dict[float, NDArray[np.float64]] = {}
        for alpha in ALPHAS:
            if alpha == 1 and self._kept_scores is not None:
                tried[alpha] = self._kept_scores
                continue
            self._mix(alpha)
            tried[alpha] = self._measured()[:, 0]
        blend = choose(tried, clusters(self._dev).tolist())
        self._mix(blend.alpha)
        return Ended(state=self._state, steps=steps, blend=blend, dev=blend.scores[blend.alpha])

    def _mix(self, alpha: float) -> None:
        """Put alpha of the kept weights and 1 - alpha of the incumbent's into the lane."""
        import torch

        with torch.no_grad():
            for name, weight in self._lane.weights().items():
                weight.copy_(self._start[name].lerp(self._kept[name], alpha))

    def _save(self) -> None:
        """Write a checkpoint that is there whole or not at all."""
        import torch

        state = self._state
        content = {
            "weights": dict(self._lane.weights()),
            "kept": dict(self._kept) if state.best_step else {},
            "kept_scores": None if self._kept_scores is None else torch.from_numpy(self._kept_scores),
            "optimiser": self._lane.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "state": asdict(state),
        }
        self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._checkpoint.with_suffix(".part")
        with unfinished.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._checkpoint)

    def _resume(self) -> None:
        import torch

        if not self._checkpoint.is_file():
            return
        content = torch.load(self._checkpoint, weights_only=True)
        with torch.no_grad():
            for name, weight in self._lane.weights().items():
                weight.copy_(content["weights"][name])
        self._kept = content["kept"] or self._kept
        scores = content["kept_scores"]
        self._kept_scores = None if scores is None else scores.numpy()
        self._lane.optimiser.load_state_dict(content["optimiser"])
        torch.set_rng_state(content["random"])
        for name, value in content["state"].items():
            setattr(self._state, name, value)


def _copy(weights: Weights) -> Weights:
    return {name: weight.detach().clone() for name, weight in weights.items()}
