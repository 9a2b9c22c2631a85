"""What decides on the outcome of a training run besides the data."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderRecipe:
    """Of the static lane, and of the transformer lane in part."""

    lane: Literal["transformer", "static"]
    seed: int
    epochs: float  # passes over the questions at most
    batch_size: int  # questions in a step
    learning_rate: float  # the highest
    scale: float  # factor on the cosines in the loss
    hard_negatives: int  # passages shown with a question besides those of the batch
    negative_margin: float  # share of the right passage's score above which another one is no negative
    eval_steps: int  # between two evaluations on dev
    save_steps: int  # between two checkpoints
    max_steps: int  # below 1: as many as the epochs have
    patience: int  # evaluations without a gain after which training ends
    matryoshka: tuple[int, ...]  # further lengths at which cut vectors have to rank

    def plain(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class TransformerRecipe(EncoderRecipe):
    """Of the transformer lane."""

    max_length: int  # word pieces a text is cut to in training
    symmetric: bool  # whether passages have to find their questions as well
    retention: float  # weight of what holds the vectors to the incumbent's; 0: nothing does
    lora_rank: int  # of the changes to the weights; 0: the weights themselves are trained
    tokens_at_once: int  # of a batch; a larger one goes through the model twice
    precision: Literal["float32", "bfloat16"]  # of the products of matrices


@dataclass(frozen=True, kw_only=True, slots=True)
class DevSample:
    """How much an evaluation on dev reads."""

    questions: int  # at most
    distractors: int  # passages that answer none of them, searched along with those that do


DEV_SAMPLES = {
    "static": DevSample(questions=100_000, distractors=2_000),
    # Reading costs a third of learning: so many texts take as long as three or four steps.
    "transformer": DevSample(questions=400, distractors=400),
}
