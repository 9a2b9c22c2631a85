"""What a run learns from, in rows and numbers: each distinct passage once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.errors import InvalidInput
from rag.text.forms import plain
from retrain.dataset.near_duplicates import Groups, cluster
from retrain.domain import TrainingPair

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Grouping = Callable[[Mapping[str, str]], Groups]
"""From texts by name to groups of names: nearly the same texts share one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Questions and the passages they are asked over. A passage that answers ten questions is there once."""

    questions: tuple[str, ...]
    passages: tuple[str, ...]  # those that answer a question, then negatives that were recorded
    answers: tuple[frozenset[int], ...]  # of each question, every passage known to answer it
    recorded: tuple[tuple[int, ...], ...]  # of each question, passages that people said do not answer it
    groups: Rows  # (passages,), the same number for one document's passages and near-duplicates

    def seen(self) -> "Material":
        """Return it with its texts in the form that an encoder sees of them when it serves."""
        questions, passages = tuple(map(plain, self.questions)), tuple(map(plain, self.passages))
        return replace(self, questions=questions, passages=passages)

    def masks(self, questions: Rows, passages: Rows) -> tuple[Mask, Mask]:
        """Return for each question and passage whether it is an answer, and whether it may be a negative.

        A passage is no negative where it shares a document with an answer or is nearly the same as one, unless a person
        said that it does not answer. What is neither takes no part in the loss. Of rows of questions, (n,), and of
        passages, (m,), both masks have shape (n, m).
        """
        column = {int(row): place for place, row in enumerate(passages)}
        groups = self.groups[passages]
        right = np.zeros((len(questions), len(passages)), dtype=np.bool_)
        wrong = np.ones_like(right)
        for line, question in enumerate(questions):
            own = self.answers[question]
            wrong[line] = ~np.isin(groups, self.groups[list(own)])
            for row in self.recorded[question]:
                if row in column:
                    wrong[line, column[row]] = True
            for row in own:
                if row in column:
                    right[line, column[row]] = True
        return right, wrong & ~right


def check(pairs: Sequence[TrainingPair]) -> None:
    """Raise InvalidInput where nothing can be learned from pairs: a single passage has none to be told from."""
    passages = {pair.passage_id for pair in pairs}
    if len(passages) < 2:
        raise InvalidInput(
            f"Training needs pairs of at least two passages, and got {len(pairs)} pairs of {len(passages)}; "
            "mine more questions or ingest more documents."
        )


def lay_out(pairs: Sequence[TrainingPair], grouping: Grouping = cluster) -> Material:
    """Return the pairs as material; the same question asked of two passages has both as answers."""
    rows: dict[str, int] = {}
    documents: dict[str, list[int]] = {}
    questions: dict[str, str] = {}
    answers: dict[str, set[int]] = {}
    for pair in pairs:
        row = rows.setdefault(pair.passage_text, len(rows))
        documents.setdefault(pair.document_id, []).append(row)
        key = " ".join(pair.question.casefold().split())
        questions.setdefault(key, pair.question)
        answers.setdefault(key, set()).add(row)
    recorded: dict[str, dict[int, None]] = {key: {} for key in questions}
    for pair in pairs:
        key = " ".join(pair.question.casefold().split())
        for text in pair.negatives:
            row = rows.setdefault(text, len(rows))
            if row not in answers[key]:
                recorded[key][row] = None
    groups = grouping({str(row): text for text, row in rows.items()})
    for of_one in documents.values():
        groups.join(str(row) for row in of_one)
    numbers: dict[str, int] = {}
    group_of = [numbers.setdefault(groups.of(str(row)), len(numbers)) for row in range(len(rows))]
    return Material(
        questions=tuple(questions.values()),
        passages=tuple(rows),
        answers=tuple(frozenset(answers[key]) for key in questions),
        recorded=tuple(tuple(recorded[key]) for key in questions),
        groups=np.array(group_of, dtype=np.int64),
    )
