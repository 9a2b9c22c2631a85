"""A general-domain set from a folder in BEIR's layout: what no candidate may forget."""

from pathlib import Path

from rag.adapters.labels import TEST, read_labels
from rag.adapters.readers import read
from rag.domain import Document, Passage, Purpose
from rag.errors import InvalidInput
from retrain.domain import EvalQuestion, GuardSet, Origin

_TENANT = "general-domain"  # never searched when serving: nothing of this is stored


def read_guard_set(folder: Path, *, max_bytes: int) -> GuardSet:
    """Return the questions of every split, and all passages, of a folder in BEIR's layout; a document is one passage.

    The `test` split is read like the others, because the set is only measured on: nothing is learned or chosen by it.
    Questions none of whose documents is there are left out.

    Raises:
        InvalidInput: there is no question with an answer in it.
        NotFound: a file is missing.
        UnreadableDocument: a line is broken; the message names file and line.
    """
    documents = [
        document
        for document in read(str(folder), tenant=_TENANT, max_bytes=max_bytes)
        if isinstance(document, Document)
    ]
    passages = {document.id: Passage.create(document, 0, document.text) for document in documents}
    labels = read_labels(
        folder, tenant=_TENANT, splits=dict.fromkeys(("train", "dev", TEST), Purpose.DEV), allow_test=True
    )
    questions = tuple(
        EvalQuestion(
            id=label.id,
            text=label.text,
            relevant=frozenset(passages[document].id for document in label.documents if document in passages),
            documents=label.documents,
            origin=Origin.LABEL,
        )
        for label in labels
        if any(document in passages for document in label.documents)
    )
    if not questions:
        raise InvalidInput(
            f"The general-domain set in {folder} has no question that one of its {len(passages)} documents answers; "
            "set WHETSTONE_RETRAIN_GATE_GUARD to a folder in BEIR's layout, or to nothing."
        )
    return GuardSet(questions=questions, passages=tuple(passages.values()))
