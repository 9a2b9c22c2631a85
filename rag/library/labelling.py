"""Labelled questions into the store: for which purpose, and about documents that are there."""

from collections.abc import Mapping, Sequence

from rag.domain import LabelledQuestion, Purpose
from rag.errors import InvalidInput
from rag.ports import DocumentStore, QuestionStore


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
    labelled: Sequence[LabelledQuestion],
    *,
    source: str,
    tenant: str,
    documents: DocumentStore,
    questions: QuestionStore,
) -> dict[str, tuple[int, int]]:
    """Write one tenant's labelled questions; return purpose -> (how many there are, how many are new).

    `source` says, for the message, where they were read.

    Raises:
        InvalidInput: none of the documents that are asked about is there.
    """
    wanted = {document for question in labelled for document in question.documents}
    if labelled and not documents.uris(wanted, tenant=tenant):
        raise InvalidInput(
            f"none of the documents that {source} asks about is ingested: whetstone ingest {source}"
        )
    counts = {}
    for purpose in Purpose:
        some = [question for question in labelled if question.purpose is purpose]
        counts[str(purpose)] = (len(some), questions.put(some))
    return counts
