"""A candidate's model card: Markdown that sentence-transformers and its users read beside the weights.

It says what the model learned from in numbers. No text that anybody asked or wrote is in it: artefacts are copied
to places where the log may not go.
"""

import json
from collections import Counter

from retrain.domain import Bar, Candidate, Dataset, MetricRow, Received, Scorecard
from retrain.verdict.guards import SAID
from retrain.verdict.slices import ANCHORS, GUARD, ROBUSTNESS

SHOWN = ("recall@1", "recall@10", "mrr@10", "ndcg@10")

NAMED = {
    ANCHORS: "questions that were answered before",
    GUARD: "a general-domain set",
    ROBUSTNESS: "the questions in other words",
}
"""Slices that are shown, and as what. Topics are named by words of questions, and stay out."""


ADAPTER = (
    "It is a query-side adapter: questions (`encode_query`) go through a matrix, passages (`encode_document`, and "
    "plain `encode`) have the vectors of the encoder it adapts, so that one's index need not be built again. A quick "
    "gain, and less of one than a fine-tuned encoder's."
)
"""What a card says of a candidate of the adapter lane."""


def model_card(candidate: Candidate, dataset: Dataset, *, base: str) -> str:
    """Return the README.md of a candidate's artefact; `base` is the digest of the encoder it was trained from."""
    training, card = candidate.training, candidate.scorecard
    counts = {
        "train pairs": Counter(str(pair.origin) for pair in dataset.train),
        "dev questions": Counter(str(question.origin) for question in dataset.dev),
        "gate questions": Counter(str(question.origin) for question in dataset.gate),
    }
    origins = sorted({origin for counter in counts.values() for origin in counter})
    lines = [
        "---",
        "library_name: sentence-transformers",
        "pipeline_tag: sentence-similarity",
        "tags:",
        "- sentence-transformers",
        "- feature-extraction",
        "- sentence-similarity",
        "- whetstone",
        f"base_model: {base}",
        "---",
        "",
        f"# Encoder {candidate.encoder[:12]}",
        "",
        "An embedding model for retrieval, fine-tuned by Whetstone. Load it from this folder:",
        "",
        "```python",
        "from sentence_transformers import SentenceTransformer",
        "",
        'model = SentenceTransformer("path/to/this/folder")',
        'questions = model.encode_query(["..."])',
        'passages = model.encode_document(["title\\ntext"])',
        "```",
        "",
        *((ADAPTER, "") if candidate.training.lane == "adapter" else ()),
        "## Lineage",
        "",
        "| what | digest |",
        "|---|---|",
        f"| this encoder | `{candidate.encoder}` |",
        f"| trained from | `{base}` |",
        f"| dataset | `{dataset.digest}` |",
        f"| gate questions | `{dataset.gate_digest}` |",
        f"| compared with release | `{candidate.incumbent}` |",
        f"| candidate | `{candidate.id}` |",
        "",
        "## Data",
        "",
        "| origin | " + " | ".join(counts) + " |",
        "|---" * (len(counts) + 1) + "|",
        *(
            f"| {origin} | " + " | ".join(str(counter[origin]) for counter in counts.values()) + " |"
            for origin in origins
        ),
        "",
        "## Training",
        "",
        f"{training.lane} lane, {training.pairs} pairs, {training.steps} steps, {training.epochs:.2f} epochs; "
        f"best dev figure {training.best_dev:.4f}. Cost: {training.seconds:.0f} s.",
        "",
        "```json",
        json.dumps(dict(training.settings), sort_keys=True, indent=2, default=str),
        "```",
        "",
        "## Evaluation",
        "",
        f"{card.questions} held-back questions over {card.passages} passages, as served; differences with 95 % "
        f"intervals. Look {card.look} at these questions.",
        "",
        "| metric | incumbent | this | difference |",
        "|---|---|---|---|",
        *(_row(row, row.metric) for row in card.overall if row.metric in SHOWN),
        "",
        *_slices(card),
        *_answers(card),
        f"Verdict of the gate: **{candidate.verdict.outcome}**.",
        "",
    ]
    return "\n".join(lines)


def _slices(card: Scorecard) -> list[str]:
    rows = [
        _row(row, f"{NAMED[part.name]} ({part.questions})")
        for part in card.slices
        if part.name in NAMED
        for row in part.rows
        if row.metric == "recall@10"
    ]
    return (
        ["| recall@10 on | incumbent | this | difference |", "|---|---|---|---|", *rows, ""] if rows else []
    )


def _answers(card: Scorecard) -> list[str]:
    if card.answers is None:
        return []
    bars = card.answers.incumbent, card.answers.candidate
    return [
        f"What people were answered without a language model, on {card.answers.questions} of the questions, and on "
        f"{card.answers.unanswerable} with the documents that answer them taken out:",
        "",
        "| what people get | incumbent | this | difference |",
        "|---|---|---|---|",
        *(_row(row, SAID[Received(row.metric)].lower()) for row in card.answers.rows),
        f"| answered from a support of | {' | '.join(f'{bar.threshold:.2f}' for bar in bars)} | |",
        f"| support calibrated with | {' | '.join(map(_calibrated, bars))} | |",
        "",
    ]


def _calibrated(bar: Bar) -> str:
    return f"{bar.questions} questions, {bar.passages} passages" if bar.questions else "nothing"


def _row(row: MetricRow, name: str) -> str:
    change = row.difference
    return (
        f"| {name} | {100 * row.incumbent.value:.1f} % | {100 * row.candidate.value:.1f} % | "
        f"{100 * change.value:+.1f} ({100 * change.low:+.1f} to {100 * change.high:+.1f}) |"
    )
