"""Labelled questions from queries.jsonl and qrels.tsv."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rag.adapters.labels import labels_at, read_labels
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


def beir_layout(folder: Path, files: dict[str, str], **queries: str) -> Path:
    """Write a data set as BEIR publishes them; files are name -> "query record score" with commas between."""
    data_set(folder, [{"_id": query, "text": text} for query, text in queries.items()], [])
    (folder / "qrels.tsv").unlink()
    (folder / "qrels").mkdir()
    for name, labels in files.items():
        rows = ["query-id corpus-id score", *filter(None, labels.split(","))]
        (folder / "qrels" / name).write_text("\n".join(row.replace(" ", "\t") for row in rows) + "\n")
    return folder


def test_beirs_own_layout(tmp_path: Path) -> None:
    """The split is the name of the file; scores of 0 and below are no labels, and test is left alone."""
    folder = beir_layout(
        tmp_path / "faq",
        {"train.tsv": "1 a 1,1 b 0,2 b 2,5 c -1", "dev.tsv": "3 c 1", "test.tsv": "4 d 1"},
        **{"1": "one?", "2": "two?", "3": "three?", "4": "four?", "5": "five?"},
    )

    labels = labels_at(folder, tenant="acme", splits=SPLITS)

    assert by_text(list(labels.questions)) == {
        "one?": (Purpose.TRAIN, frozenset({document_id("a")})),
        "two?": (Purpose.TRAIN, frozenset({document_id("b")})),
        "three?": (Purpose.DEV, frozenset({document_id("c")})),
    }
    assert (labels.splits, labels.drawn) == ({"train": 2, "dev": 1, "test": 1}, False)
    with pytest.raises(InvalidInput, match="'test'"):
        read_labels(folder, tenant="acme", splits={"test": Purpose.TRAIN})


def test_a_query_in_two_files(tmp_path: Path) -> None:
    """It belongs where it is held back further: one of test is never learned from."""
    folder = beir_layout(
        tmp_path / "faq",
        {"train.tsv": "1 a 1,2 b 1,3 c 1", "dev.tsv": "2 b2 1", "test.tsv": "3 c2 1"},
        **{"1": "one?", "2": "two?", "3": "three?"},
    )

    labels = labels_at(folder, tenant="acme", splits=SPLITS)

    assert by_text(list(labels.questions)) == {
        "one?": (Purpose.TRAIN, frozenset({document_id("a")})),
        "two?": (Purpose.DEV, frozenset({document_id("b2")})),
    }
    assert labels.apart == 2


def test_a_query_that_says_it_is_for_tests(tmp_path: Path) -> None:
    """Whatever file its labels are in, and in whatever case it says so."""
    folder = beir_layout(tmp_path / "faq", {"train.tsv": "1 a 1,2 b 1"})
    (folder / "queries.jsonl").write_text(
        '{"_id": "1", "text": "one?", "split": "Test"}\n{"_id": "2", "text": "two?", "split": "train"}\n'
    )

    assert by_text(read_labels(folder, tenant="acme", splits=SPLITS)).keys() == {"two?"}


@pytest.mark.parametrize("split", ["test", "Test", " TEST "])
def test_the_test_split_is_refused_however_it_is_written(tmp_path: Path, split: str) -> None:
    """Nobody trains on it by writing it otherwise."""
    folder = data_set(tmp_path / "faq", [{"_id": "1", "text": "one?", "split": split}], [("1", "a", 1)])
    with pytest.raises(InvalidInput, match="reports alone"):
        read_labels(folder, tenant="acme", splits={split: Purpose.TRAIN})


def test_splits_are_told_as_they_are_written(tmp_path: Path) -> None:
    """Train is not train: neither is taken for the other; questions of no split are counted."""
    folder = data_set(
        tmp_path / "faq",
        [
            {"_id": "1", "text": "one?", "split": "Train"},
            {"_id": "2", "text": "two?", "split": "validation"},
            {"_id": "3", "text": "three?"},
        ],
        [("1", "a", 1), ("2", "b", 1), ("3", "c", 1), ("gone", "d", 1)],
    )

    labels = labels_at(folder, tenant="acme", splits=SPLITS)

    assert (labels.questions, labels.strays) == ((), 1)
    assert labels.splits == {"Train": 1, "validation": 1, "": 1}
    taken = read_labels(folder, tenant="acme", splits={"Train": Purpose.TRAIN})
    assert by_text(taken).keys() == {"one?"}


def test_ids_that_are_numbers(tmp_path: Path) -> None:
    """Labels write them as text."""
    folder = data_set(tmp_path / "faq", [{"_id": 12, "text": "one?"}], [("12", "7", 1)])
    (question,) = read_labels(folder, tenant="acme", splits=SPLITS)
    assert question.documents == {document_id("7")}


def test_what_is_drawn_is_named_train_and_dev(tmp_path: Path) -> None:
    """Where a data set has no splits, each of the two serves what was asked for it, and no other is there."""
    queries: list[dict[str, object]] = [{"_id": str(number), "text": f"{number}?"} for number in range(50)]
    folder = data_set(tmp_path / "faq", queries, [(str(number), f"d{number}", 1) for number in range(50)])

    golden = labels_at(folder, tenant="acme", splits={"dev": Purpose.GOLDEN})

    assert golden.drawn
    assert golden.splits.keys() == {"train", "dev"}
    assert {question.purpose for question in golden.questions} == {Purpose.GOLDEN}
    assert len(golden.questions) == golden.splits["dev"]
    assert labels_at(folder, tenant="acme", splits={"watch": Purpose.GOLDEN}).questions == ()


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
        ("qrels.tsv", "q\td\ts\n1\ta\tnan", r"qrels\.tsv:2: expected"),
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
    with pytest.raises(NotFound, match=r"queries\.jsonl, and qrels/train\.tsv and others or qrels\.tsv"):
        read_labels(tmp_path, tenant="acme", splits=SPLITS)


def test_labels_in_one_file_beside_those_of_splits(tmp_path: Path) -> None:
    """Both are read; what has no split there is counted."""
    folder = data_set(
        tmp_path / "faq",
        [
            {"_id": "1", "text": "one?"},
            {"_id": "2", "text": "two?", "split": "dev"},
            {"_id": "3", "text": "three?"},
        ],
        [("2", "b", 1), ("3", "c", 1)],
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n")
    found = labels_at(folder, tenant="acme", splits=SPLITS)
    assert by_text(list(found.questions)).keys() == {"one?", "two?"}
    assert found.splits == {"train": 1, "dev": 1, "": 1}
