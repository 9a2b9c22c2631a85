"""Labelled questions from queries.jsonl and qrels.tsv."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rag.adapters.labels import read_labels
from rag.domain import Document, LabelledQuestion, Purpose
from rag.errors import InvalidInput, NotFound, UnreadableDocument

SPLITS = {"train": Purpose.TRAIN, "dev": Purpose.DEV}


def data_set(
    folder: Path, queries: list[dict[str, object]], qrels: list[tuple[str, str, int]], *, header: bool = True
) -> Path:
    """Write a data set."""
    folder.mkdir(exist_ok=True)
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    lines = ["query-id\tcorpus-id\tscore"] * header + [
        f"{query}\t{record}\t{score}" for query, record, score in qrels
    ]
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n")
    return folder


def document_id(record: str) -> str:
    """Return the id that the BEIR reader gives the record of the data set "faq"."""
    return Document.id_for("acme", f"beir:faq/{record}")


def by_text(questions: list[LabelledQuestion]) -> dict[str, tuple[Purpose, frozenset[str]]]:
    """Return text -> purpose and documents."""
    return {question.text: (question.purpose, question.documents) for question in questions}


@pytest.mark.parametrize("header", [True, False])
def test_questions_of_the_splits_named(tmp_path: Path, header: bool) -> None:
    """Splits give purposes, scores above 0 give documents, questions without an answer are left out."""
    folder = data_set(
        tmp_path / "faq",
        [
            {"_id": "1", "text": "one?", "split": "train"},
            {"_id": "2", "text": "two?", "split": "dev"},
            {"_id": "3", "text": "three?", "split": "test"},
            {"_id": "4", "text": "four?", "split": "train"},
            {"_id": "5", "text": "five?", "split": "unanswerable"},
        ],
        [("1", "a", 1), ("1", "b", 2), ("1", "c", 0), ("2", "d", 1), ("3", "e", 1), ("4", "f", 0)],
        header=header,
    )

    questions = read_labels(folder, tenant="acme", splits=SPLITS)

    assert by_text(questions) == {
        "one?": (Purpose.TRAIN, frozenset({document_id("a"), document_id("b")})),
        "two?": (Purpose.DEV, frozenset({document_id("d")})),
    }
    assert {question.source for question in questions} == {folder.as_uri()}
    assert {question.tenant for question in questions} == {"acme"}


def test_the_test_split_is_kept_out(tmp_path: Path) -> None:
    """Test questions are only read where that is said outright."""
    folder = data_set(tmp_path / "faq", [{"_id": "1", "text": "one?", "split": "test"}], [("1", "a", 1)])

    with pytest.raises(InvalidInput, match="'test'"):
        read_labels(folder, tenant="acme", splits={"test": Purpose.GOLDEN})

    (question,) = read_labels(folder, tenant="acme", splits={"test": Purpose.GOLDEN}, allow_test=True)
    assert question.purpose is Purpose.GOLDEN


def test_the_same_text_twice(tmp_path: Path) -> None:
    """One text is one question: documents are joined within a purpose, else the held-back one wins."""
    folder = data_set(
        tmp_path / "faq",
        [
            {"_id": "1", "text": "same?", "split": "train"},
            {"_id": "2", "text": "same?", "split": "train"},
            {"_id": "3", "text": "both?", "split": "dev"},
            {"_id": "4", "text": "both?", "split": "train"},
        ],
        [("1", "a", 1), ("2", "b", 1), ("3", "c", 1), ("4", "d", 1)],
    )

    assert by_text(read_labels(folder, tenant="acme", splits=SPLITS)) == {
        "same?": (Purpose.TRAIN, frozenset({document_id("a"), document_id("b")})),
        "both?": (Purpose.DEV, frozenset({document_id("c")})),
    }


def test_splits_that_share_a_document_are_parted(tmp_path: Path) -> None:
    """A question goes where it shares a document or its text with a split held back further, test above all."""
    folder = data_set(
        tmp_path / "faq",
        [
            {"_id": "1", "text": "train?", "split": "train"},
            {"_id": "2", "text": "train, as dev?", "split": "train"},
            {"_id": "3", "text": "train, as test?", "split": "train"},
            {"_id": "4", "text": "test?", "split": "train"},
            {"_id": "5", "text": "dev?", "split": "dev"},
            {"_id": "6", "text": "dev, as test?", "split": "dev"},
            {"_id": "7", "text": "test?", "split": "test"},
        ],
        [
            ("1", "a", 1),
            ("2", "a", 1),
            ("2", "d", 1),
            ("3", "t", 1),
            ("4", "b", 1),
            ("5", "d", 1),
            ("6", "t", 1),
            ("7", "t", 1),
        ],
    )

    questions = read_labels(folder, tenant="acme", splits=SPLITS)

    assert by_text(questions) == {
        "train?": (Purpose.TRAIN, frozenset({document_id("a")})),
        "dev?": (Purpose.DEV, frozenset({document_id("d")})),
    }
    assert by_text(read_labels(folder, tenant="acme", splits={"train": Purpose.TRAIN})).keys() == {
        "train?",
        "train, as dev?",
    }


def test_without_splits_documents_decide(tmp_path: Path) -> None:
    """About 70 % train, the same in any order, and questions joined by documents stay together."""
    queries: list[dict[str, object]] = [{"_id": str(number), "text": f"{number}?"} for number in range(900)]
    # Threes share documents: 0 with 1 by one document, 1 with 2 by another.
    qrels = [
        (str(number), f"d{number // 3}-{part}", 1)
        for number in range(900)
        for part in (number % 3, number % 3 + 1)
    ]
    folder = data_set(tmp_path / "faq", queries, qrels)

    questions = read_labels(folder, tenant="acme", splits=SPLITS)

    purposes = [question.purpose for question in questions]
    assert len(purposes) == 900
    assert 0.6 < Counter(purposes)[Purpose.TRAIN] / 900 < 0.8
    assert Counter(purposes).keys() == {Purpose.TRAIN, Purpose.DEV}
    assert [set(purposes[at : at + 3]) for at in range(0, 900, 3)] == [
        {purposes[at]} for at in range(0, 900, 3)
    ]
    data_set(folder, queries[::-1], qrels[::-1])
    assert by_text(read_labels(folder, tenant="acme", splits=SPLITS)) == by_text(questions)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("queries.jsonl", '{"_id": "1", "text": "a"}\n{broken', r"queries\.jsonl:2: expected a JSON record"),
        ("queries.jsonl", '\n{"_id": "1"}', r"queries\.jsonl:2: expected '_id' and 'text'"),
        ("queries.jsonl", "[]", r"queries\.jsonl:1: expected '_id' and 'text'"),
        ("queries.jsonl", '{"_id": "1", "text": "a", "split": 3}', r"queries\.jsonl:1: expected 'split'"),
        ("queries.jsonl", b"\xff\xfe\xff", r"queries\.jsonl: is not UTF-8 text"),
        ("qrels.tsv", "q\td\ts\n1 a 1", r"qrels\.tsv:2: expected query id, corpus id and a number"),
        ("qrels.tsv", "q\td\ts\n1\ta\tyes", r"qrels\.tsv:2: .*got '1\\ta\\tyes'"),
        ("qrels.tsv", "1\ta", r"qrels\.tsv:1: expected"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    """A broken line is found by file and number."""
    folder = data_set(tmp_path / "faq", [{"_id": "1", "text": "one?"}], [("1", "a", 1)])
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(UnreadableDocument, match=message):
        read_labels(folder, tenant="acme", splits=SPLITS)


def test_a_missing_file(tmp_path: Path) -> None:
    """A folder without the files says which are expected."""
    with pytest.raises(NotFound, match=r"queries\.jsonl and qrels\.tsv"):
        read_labels(tmp_path, tenant="acme", splits=SPLITS)
