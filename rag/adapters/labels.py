"""Labelled questions from a data set in BEIR's layout: queries.jsonl and qrels.tsv."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rag.adapters.encodings import unicode_of
from rag.adapters.readers import beir
from rag.adapters.readers.files import absolute
from rag.domain import Document, LabelledQuestion, Purpose, sha256_text
from rag.errors import InvalidInput, NotFound, UnreadableDocument

TEST = "test"
"""The split that only reports may look at."""

_TRAIN_SHARE = 0.7  # of the documents, where the data set names no splits
_HELD_OUT = {Purpose.TRAIN: 0, Purpose.DEV: 1, Purpose.GOLDEN: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Query:
    id: str
    text: str
    split: str | None


def read_labels(
    folder: Path, *, tenant: str, splits: Mapping[str, Purpose], allow_test: bool = False
) -> list[LabelledQuestion]:
    """Read the questions whose split is named, in the order of the file; those without answer are left out.

    Where the data set names no splits, all questions are read: 70 % of them to train on, 30 % for dev, by a
    hash of the documents, so that questions which share a document stay together.

    A question that shares a document or its text with one held back further (test before golden before dev
    before train) is left out.

    Args:
        folder: holds corpus.jsonl, queries.jsonl and qrels.tsv; its name is part of the documents' ids.
        tenant: whose documents and questions they are.
        splits: what the questions of each split may be used for.
        allow_test: accept the split "test", for reporting only.

    Raises:
        InvalidInput: `splits` names "test" without `allow_test`.
        NotFound: a file is missing.
        UnreadableDocument: a line is broken; the message names file and line.
    """
    if TEST in splits and not allow_test:
        raise InvalidInput(
            f"the split {TEST!r} is for reports alone; name others, as it must not be trained on or chosen by"
        )
    queries = list(_queries(folder / "queries.jsonl"))
    answers = _answers(folder / "qrels.tsv")
    answered = {
        query: frozenset(
            Document.id_for(tenant, beir.uri_of(folder, record_id)) for record_id in answers[query.id]
        )
        for query in queries
        if query.id in answers
    }
    if any(query.split is not None for query in queries):
        purposes = {query: splits[query.split] for query in answered if query.split and query.split in splits}
    else:
        purposes = _hashed_purposes(answered)
    found: dict[str, LabelledQuestion] = {}
    for query in _apart(answered, purposes):
        question = LabelledQuestion.create(
            tenant=tenant,
            text=query.text,
            documents=answered[query],
            purpose=purposes[query],
            source=absolute(folder).as_uri(),
        )
        if same := found.get(question.id):
            question = replace(question, documents=question.documents | same.documents)
        found[question.id] = question
    return list(found.values())


def _apart(answered: Mapping[_Query, frozenset[str]], purposes: Mapping[_Query, Purpose]) -> list[_Query]:
    """Return the queries that share neither document nor text with one that is held back further than they are.

    Data sets promise that of their splits and do not always keep it. The test split counts though not read.
    """

    def held_back(query: _Query) -> int:
        return len(_HELD_OUT) if query.split == TEST else _HELD_OUT[purposes[query]]

    by_rank: defaultdict[int, list[_Query]] = defaultdict(list)
    for query in answered:
        if query in purposes or query.split == TEST:
            by_rank[held_back(query)].append(query)
    taken: set[str] = set()
    kept: set[_Query] = set()
    for rank in sorted(by_rank, reverse=True):
        apart = [query for query in by_rank[rank] if taken.isdisjoint({*answered[query], _key(query)})]
        kept.update(apart)
        taken.update(*(answered[query] for query in by_rank[rank]), map(_key, by_rank[rank]))
    return [query for query in purposes if query in kept]


def _key(query: _Query) -> str:
    return f"text:{query.text}"


def _queries(path: Path) -> Iterator[_Query]:
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UnreadableDocument(f"{path}:{number}: expected a JSON record, got {error}") from error
        record = record if isinstance(record, dict) else {}
        query_id, text, split = (record.get(name) for name in ("_id", "text", "split"))
        if not (isinstance(query_id, str) and isinstance(text, str) and query_id and text.strip()):
            raise UnreadableDocument(
                f"{path}:{number}: expected '_id' and 'text' that are strings, not empty"
            )
        if split is not None and not isinstance(split, str):
            raise UnreadableDocument(f"{path}:{number}: expected 'split' to be a string, got {split!r}")
        yield _Query(id=query_id, text=text.strip(), split=split)


def _answers(path: Path) -> dict[str, set[str]]:
    """Return query id -> ids of the corpus records judged relevant."""
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for number, line in _lines(path):
        parts = [part.strip() for part in line.split("\t")]
        score = _number(parts[2]) if len(parts) == 3 else None
        if score is None and number == 1 and len(parts) == 3:
            continue  # the header
        if score is None or not parts[0] or not parts[1]:
            raise UnreadableDocument(
                f"{path}:{number}: expected query id, corpus id and a number, parted by tabs; got {line!r}"
            )
        if score > 0:
            answers[parts[0]].add(parts[1])
    return dict(answers)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line) of those that are not blank."""
    try:
        text = unicode_of(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"there is no {path}; a labelled data set has queries.jsonl and qrels.tsv") from error
    except (OSError, UnreadableDocument) as error:
        raise UnreadableDocument(f"{path}: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _hashed_purposes(answered: Mapping[_Query, frozenset[str]]) -> dict[_Query, Purpose]:
    """Return each question a purpose; questions joined by documents, however indirectly, get the same."""
    parent: dict[str, str] = {}

    def root(document: str) -> str:
        while parent.setdefault(document, document) != document:
            parent[document] = parent[parent[document]]
            document = parent[document]
        return document

    for documents in answered.values():
        first, *others = sorted(documents)
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    # The lowest id of each group stands for it, so the order of the files does not matter.
    return {
        query: Purpose.TRAIN if _share(root(min(documents))) < _TRAIN_SHARE else Purpose.DEV
        for query, documents in answered.items()
    }


def _share(document: str) -> float:
    """Return a number from 0 to 1 that only depends on the id."""
    return int(sha256_text(document)[:8], 16) / 0x1_0000_0000
