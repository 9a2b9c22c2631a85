"""Data sets in the project's words."""

from collections.abc import Callable
from pathlib import Path

from labelled import as_served, cut, load


def test_splits_and_answers(data_set: Callable[[str], Path]) -> None:
    """Each split's questions come with the passages that answer them, out of all."""
    data = load(data_set("sheds"))
    assert (24, 12, 6, 6) == (len(data.passages), len(data.train), len(data.dev), len(data.test))
    titles = {passage.id: passage.title for passage in data.passages}
    assert {"lamp care", "lamp use", "tent care", "tent use", "sail care", "sail use"} == {
        titles[each] for question in data.test for each in question.relevant
    }


def test_as_served_a_page_is_one_document(data_set: Callable[[str], Path]) -> None:
    """A release has a page's passages in one document, in their order; the questions are the same."""
    folder = data_set("sheds")
    served, plain = as_served(folder, "test"), load(folder)
    assert (24, 12) == (len(served.passages), len({passage.document_id for passage in served.passages}))
    assert [question.text for question in plain.test] == [question.text for question in served.test]
    texts = {passage.id: passage.embedded_text for passage in [*served.passages, *plain.passages]}
    for ours, theirs in zip(served.test, plain.test, strict=True):
        assert {texts[each] for each in ours.relevant} == {texts[each] for each in theirs.relevant}


def test_a_cut_can_still_be_answered(data_set: Callable[[str], Path]) -> None:
    """Of a small part, every pair and question has its passages, and these their whole documents."""
    part = cut(as_served(data_set("sheds"), "test"), 1)
    assert 1 == len(part.test)
    assert part.test[0].relevant <= {passage.id for passage in part.passages}
    assert 2 == len(part.passages)
