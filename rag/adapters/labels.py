"""Labelled questions from a data set in BEIR's layout: queries.jsonl, and labels for each split or for all."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.adapters.encodings import unicode_of
from rag.adapters.readers import beir
from rag.adapters.readers.files import absolute
from rag.domain import Document, LabelledQuestion, Purpose, sha256_text
from rag.errors import InvalidInput, NotFound, UnreadableDocument
from rag.library.labelling import TEST, Labels, is_test

__all__ = ["TEST", "labels_at", "read_labels"]

_TRAIN_SHARE = 0.7  # of the documents, where the data set names no splits
_TRAIN, _DEV = "train", "dev"  # what is drawn where it names none


@dataclass(frozen=True, kw_only=True, slots=True)
class _Query:
    id: str
    text: str
    split: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A query within a split, with what answers it there."""

    text: str
    split: str | None
    documents: frozenset[str]  # ids


def read_labels(
    folder: Path, *, tenant: str, splits: Mapping[str, Purpose], allow_test: bool = False
) -> list[LabelledQuestion]:
    """Return the questions alone; for the rest see `labels_at`."""
    return list(labels_at(folder, tenant=tenant, splits=splits, allow_test=allow_test).questions)


def labels_at(
    folder: Path, *, tenant: str, splits: Mapping[str, Purpose], allow_test: bool = False
) -> Labels:
    """Read the questions whose split is named, in the order of the files; those without answer are left out.

    The split of a label is the name of its file in qrels/; of one in qrels.tsv, the ``split`` of its query. Both are
    read where both are there. Where the
    data set names no splits, they are drawn: 70 % train, 30 % dev, by a hash of the documents, so that questions which
    share a document stay together.

    A question that shares a document or its text with one held back further (test before golden before dev before
    train) is left out.

    Args:
        folder: holds corpus.jsonl, queries.jsonl and the labels; its name is part of the documents' ids.
        tenant: whose documents and questions they are.
        splits: what the questions of each split may be used for.
        allow_test: accept the split "test", for reporting only.

    Raises:
        InvalidInput: `splits` names "test" without `allow_test`.
        NotFound: a file is missing.
        UnreadableDocument: a line is broken; the message names file and line.
    """
    for split in filter(is_test, splits):
        if not allow_test:
            raise InvalidInput(
                f"the split {split!r} is for reports alone; name others, as it must not be trained on or chosen by"
            )
    queries = list(_queries(folder / "queries.jsonl"))
    asked, strays = _asked(folder, tenant, queries)
    drawn = not any(query.split for query in queries) and not any(each.split for each in asked)
    if drawn:
        asked = _drawn(asked)
    wanted = [each for each in asked if each.split in splits]
    kept = _apart(asked, splits)
    found: dict[str, LabelledQuestion] = {}
    for each in kept:
        question = LabelledQuestion.create(
            tenant=tenant,
            text=each.text,
            documents=each.documents,
            purpose=splits[each.split or ""],
            source=absolute(folder).as_uri(),
        )
        if same := found.get(question.id):
            question = replace(question, documents=question.documents | same.documents)
        found[question.id] = question
    return Labels(
        questions=tuple(found.values()),
        splits=Counter(each.split or "" for each in asked),
        drawn=drawn,
        apart=len(wanted) - len(kept),
        strays=strays,
    )


def _asked(folder: Path, tenant: str, queries: Sequence[_Query]) -> tuple[list[_Asked], int]:
    """Return the queries with answers, by split, and how many labels are of queries that are not there."""
    files: dict[str | None, Path] = {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    single = folder / "qrels.tsv"
    if not files or single.exists():
        files[None] = single
    asked: list[_Asked] = []
    strays = 0
    ids = {query.id for query in queries}
    for name, path in files.items():
        answers = _answers(path)
        strays += sum(len(answers[query_id]) for query_id in answers.keys() - ids)
        asked += [
            _Asked(
                text=query.text,
                # What a query says of itself holds as well where it keeps it from being learned.
                split=query.split if name is None or is_test(query.split) else name,
                documents=frozenset(
                    Document.id_for(tenant, beir.uri_of(folder, record_id)) for record_id in answers[query.id]
                ),
            )
            for query in queries
            if query.id in answers
        ]
    return asked, strays


def _apart(asked: Sequence[_Asked], splits: Mapping[str, Purpose]) -> list[_Asked]:
    """Return those whose split is named that share neither document nor text with one held back further.

    Data sets promise that of their splits and do not always keep it. The test split counts though not read.
    """

    def held_back(each: _Asked) -> int | None:
        purpose = splits.get(each.split or "")
        return len(Purpose) if is_test(each.split) else None if purpose is None else purpose.held_back

    by_rank: defaultdict[int, list[_Asked]] = defaultdict(list)
    for each in asked:
        if (rank := held_back(each)) is not None:
            by_rank[rank].append(each)
    taken: set[str] = set()
    kept: set[_Asked] = set()
    for rank in sorted(by_rank, reverse=True):
        kept.update(each for each in by_rank[rank] if taken.isdisjoint({*each.documents, _key(each)}))
        taken.update(*(each.documents for each in by_rank[rank]), map(_key, by_rank[rank]))
    return [each for each in asked if each in kept and each.split in splits]


def _key(asked: _Asked) -> str:
    return f"text:{asked.text}"


def _queries(path: Path) -> Iterator[_Query]:
    for number, line in _lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UnreadableDocument(f"{path}:{number}: expected a JSON record, got {error}") from error
        record = record if isinstance(record, dict) else {}
        query_id = beir.record_id_of(record.get("_id"))
        text, split = record.get("text"), record.get("split")
        if not (query_id and isinstance(text, str) and text.strip()):
            raise UnreadableDocument(
                f"{path}:{number}: expected '_id' and 'text' that are strings, not empty"
            )
        if split is not None and not isinstance(split, str):
            raise UnreadableDocument(f"{path}:{number}: expected 'split' to be a string, got {split!r}")
        yield _Query(id=query_id, text=text.strip(), split=(split or "").strip() or None)


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
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line) of those that are not blank."""
    try:
        text = unicode_of(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no {path}; a labelled data set has queries.jsonl, and qrels/train.tsv and others or qrels.tsv"
        ) from error
    except (OSError, UnreadableDocument) as error:
        raise UnreadableDocument(f"{path}: {error}") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _drawn(asked: Sequence[_Asked]) -> list[_Asked]:
    """Return each question with a split; those joined by documents, however indirectly, get the same."""
    parent: dict[str, str] = {}

    def root(document: str) -> str:
        while parent.setdefault(document, document) != document:
            parent[document] = parent[parent[document]]
            document = parent[document]
        return document

    for each in asked:
        first, *others = sorted(each.documents)
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    # The lowest id of each group stands for it, so the order of the files does not matter.
    return [
        replace(each, split=_TRAIN if _share(root(min(each.documents))) < _TRAIN_SHARE else _DEV)
        for each in asked
    ]


def _share(document: str) -> float:
    """Return a number from 0 to 1 that only depends on the id."""
    return int(sha256_text(document)[:8], 16) / 0x1_0000_0000
