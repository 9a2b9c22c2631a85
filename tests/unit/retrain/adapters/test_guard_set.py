"""A general-domain set is read whole, and only as something to look at."""

import json
from pathlib import Path

import pytest

from rag.domain import DEFAULT_TENANT
from rag.errors import InvalidInput, NotFound, UnreadableDocument
from retrain.adapters.guard_set import read_guard_set
from retrain.domain import Origin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set with a question in each split, one without an answer, and one whose answer is not there."""
    made = tmp_path / "general"
    made.mkdir()
    corpus = [{"_id": f"d{n}", "title": f"Title {n}", "text": f"Text number {n}. " * 300} for n in range(4)]
    queries = [
        {"_id": "q0", "text": "What is zero?", "split": "train"},
        {"_id": "q1", "text": "What is one?", "split": "dev"},
        {"_id": "q2", "text": "What is two, or three?", "split": "test"},
        {"_id": "q3", "text": "What has no answer?", "split": "dev"},
        {"_id": "q4", "text": "Whose answer went?", "split": "dev"},
    ]
    answers = [("q0", "d0"), ("q1", "d1"), ("q2", "d2"), ("q2", "d3"), ("q4", "gone")]
    (made / "corpus.jsonl").write_text("".join(json.dumps(each) + "\n" for each in corpus))
    (made / "queries.jsonl").write_text("".join(json.dumps(each) + "\n" for each in queries))
    (made / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t1\n" for q, d in answers)
    )
    return made


def test_every_split_is_looked_at(folder: Path) -> None:
    """Also test, since nothing is learned or chosen; every passage is whole and belongs to nobody who is served."""
    guard = read_guard_set(folder, max_bytes=10**6)

    ids = {passage.title: passage.id for passage in guard.passages}
    assert [
        ("What is zero?", {ids["Title 0"]}),
        ("What is one?", {ids["Title 1"]}),
        ("What is two, or three?", {ids["Title 2"], ids["Title 3"]}),
    ] == [(question.text, set(question.relevant)) for question in guard.questions]
    assert {question.origin for question in guard.questions} == {Origin.LABEL}
    assert [f"Title {n}" for n in range(4)] == [passage.title for passage in guard.passages]
    assert [300] * 4 == [passage.text.count(f"Text number {n}.") for n, passage in enumerate(guard.passages)]
    assert DEFAULT_TENANT not in {passage.tenant for passage in guard.passages}


def test_a_set_that_answers_nothing_is_refused(folder: Path) -> None:
    """A guard that guards nothing would pass everything; what to do is said."""
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq4\tgone\t1\n")

    with pytest.raises(InvalidInput, match=r"no question that one of its 4 documents answers.*GATE_GUARD"):
        read_guard_set(folder, max_bytes=10**6)


def test_what_is_missing_or_broken_is_named(folder: Path) -> None:
    """A folder that is not there, a file that is not, and a line that is no JSON."""
    with pytest.raises(NotFound, match="nothing-such"):
        read_guard_set(folder.with_name("nothing-such"), max_bytes=10**6)
    (folder / "queries.jsonl").write_text("{broken\n")
    with pytest.raises(UnreadableDocument, match=r"queries\.jsonl"):
        read_guard_set(folder, max_bytes=10**6)
    (folder / "queries.jsonl").unlink()
    with pytest.raises(NotFound, match=r"queries\.jsonl"):
        read_guard_set(folder, max_bytes=10**6)
