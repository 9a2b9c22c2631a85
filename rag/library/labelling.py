"""Labelled questions into the store: for which purpose, and about documents that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.domain import LabelledQuestion, Purpose
from rag.errors import InvalidInput
from rag.ports import DocumentStore, QuestionStore
from rag.text.wording import normal

TEST = "test"
"""The split that only reports may look at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """The labelled questions of a data set, and what is known of those that are not among them."""

    questions: tuple[LabelledQuestion, ...]  # of the splits that were asked for
    splits: Mapping[str, int]  # split -> questions with an answer; "" are those of none
    drawn: bool = False  # the data set has no splits: these were drawn by document
    apart: int = 0  # left out, as they share a document or their text with one that is held back further
    strays: int = 0  # labels of questions that are not in the data set


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelImport:
    """What an import did."""

    counts: Mapping[str, tuple[int, int]]  # purpose -> how many there are, how many are new
    held_back: int  # questions that were there, held back further; they stay so
    withdrawn: int  # questions that were there to be trained on, and are held back from now on
    labels: int  # pairs of a question and a document that answers it
    unknown: int  # of these, the ones whose document is not ingested
    other_splits: Mapping[str, int]  # splits that were not asked for -> questions
    apart: int  # as in `Labels`
    strays: int  # as in `Labels`


def is_test(split: str | None) -> bool:
    """Tell whether a split is the one that only reports may look at, in whatever case it is written."""
    return split is not None and split.strip().casefold() == TEST


def purposes_of(splits: Mapping[str, str]) -> dict[str, Purpose]:
    """Return split -> the purpose that is named for it.

    Raises:
        InvalidInput: a purpose is not known.
    """
    unknown = set(splits.values()) - set(Purpose)
    if unknown:
        raise InvalidInput(
            f"{', '.join(sorted(unknown)) or 'an empty purpose'} is no purpose; use SPLIT=PURPOSE with"
            f" one of {', '.join(Purpose)}"
        )
    return {split: Purpose(purpose) for split, purpose in splits.items()}


def store_labels(
    given: Labels,
    *,
    splits: Mapping[str, Purpose],
    source: str,
    tenant: str,
    documents: DocumentStore,
    questions: QuestionStore,
) -> LabelImport:
    """Write one tenant's labelled questions of the splits that were asked for.

    A question that is held back already, in whatever case and punctuation, is left as it is. `source` says, for the
    message, where they were read.

    Raises:
        InvalidInput: no question is in those splits, or none of the documents that are asked about is there.
    """
    if not given.questions:
        raise InvalidInput(_nothing(given, splits, source))
    labelled = given.questions
    there = documents.uris({each for question in labelled for each in question.documents}, tenant=tenant)
    if not there:
        raise InvalidInput(
            f"none of the documents that {source} asks about is ingested: whetstone ingest {source}"
        )
    before = _held_back(questions.all(tenant=tenant))
    fresh = [each for each in labelled if before.get(normal(each.text), 0) <= each.purpose.held_back]
    counts = {
        str(purpose): (
            sum(question.purpose is purpose for question in labelled),
            questions.put([question for question in fresh if question.purpose is purpose]),
        )
        for purpose in Purpose
    }
    pairs = [document for question in labelled for document in question.documents]
    return LabelImport(
        counts=counts,
        held_back=len(labelled) - len(fresh),
        withdrawn=sum(
            before.get(normal(each.text)) == Purpose.TRAIN.held_back < each.purpose.held_back
            for each in fresh
        ),
        labels=len(pairs),
        unknown=sum(document not in there for document in pairs),
        other_splits={
            split: count for split, count in given.splits.items() if not (split in splits or is_test(split))
        },
        apart=given.apart,
        strays=given.strays,
    )


def _held_back(questions: Sequence[LabelledQuestion]) -> dict[str, int]:
    """Return wording -> how far the questions in these words are held back."""
    found: dict[str, int] = {}
    for question in questions:
        wording = normal(question.text)
        found[wording] = max(found.get(wording, 0), question.purpose.held_back)
    return found


def _nothing(given: Labels, splits: Mapping[str, Purpose], source: str) -> str:
    """Return what to say where there is nothing to import."""
    if not given.splits:
        return f"no question in {source} has an answer: a label needs a score above 0"
    if any(split in splits for split in given.splits):
        return (
            f"each of the {given.apart} questions in {source} that were asked for shares its words or a document with "
            "one that is held back further"
        )
    asked = " or ".join(map(repr, splits))
    found = ", ".join(
        f"{split!r} ({count:,})" if split else f"{count:,} questions of no split"
        for split, count in given.splits.items()
    )
    whose = "names no splits; drawn by their documents are" if given.drawn else "has"
    usable = next((split for split in given.splits if split and not is_test(split)), None)
    what_to_do = (
        f"Say what a split serves, as it is written there: --split '{usable}=train'"
        if usable
        else f"The split {TEST!r} is for reports alone"
    )
    return f"no question in {source} is in the split {asked}. It {whose} {found}. {what_to_do}"
