"""Questions a language model writes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.domain import Document, Interaction, InteractionStatus, LoggedHit, Passage
from rag.errors import UpstreamFailed, UpstreamTimeout
from retrain.adapters.writing_cache import SqliteWritingCache
from retrain.dataset.sources.language_model import mine_llm, most_wanted, topics_drifted_to
from retrain.dataset.writing import Budget, Writing
from retrain.domain import Origin, QuestionStyle, Written

NATURAL = (QuestionStyle.NATURAL,)


def _passage(uri: str, text: str = "Some text of a few more words here.") -> Passage:
    return Passage.create(Document.create(uri=uri, text=text), 0, text)


class _Writer:
    """Writes about every passage; fails where the passage says so."""

    fingerprint = "by rote"

    def __init__(self) -> None:
        self.asked: list[tuple[str, QuestionStyle]] = []

    def questions(self, passage: Passage, count: int, style: QuestionStyle) -> Written:
        self.asked.append((passage.uri, style))
        if "fails" in passage.text:
            raise UpstreamFailed
        if "hangs" in passage.text:
            raise UpstreamTimeout
        texts = (
            f"What does {passage.uri} say?",
            f"what does {passage.uri} say",
            "Why?",
            "One more than asked for",
        )
        return Written(texts=texts[:count], tokens=10)

    def paraphrases(self, question: str, count: int) -> Written:
        raise NotImplementedError


@pytest.fixture
def cache(tmp_path: Path) -> SqliteWritingCache:
    """Remembers what was written."""
    return SqliteWritingCache(tmp_path / "written.sqlite")


def test_a_failing_call_never_stops_the_run(cache: SqliteWritingCache) -> None:
    """Failures are counted, the other passages are asked about, and progress goes to the end."""
    passages = [
        _passage("a"),
        _passage("b", "This one fails, whatever is asked."),
        _passage("c", "This one hangs, whatever is asked."),
        _passage("d", "Another text of a few more words."),
    ]
    seen: list[tuple[int, int]] = []
    mined = mine_llm(
        passages,
        Writing(_Writer(), cache, Budget()),
        styles=NATURAL,
        count=3,
        limit=10,
        progress=lambda done, total, _: seen.append((done, total)),
    )
    assert [(pair.question, pair.origin, pair.kind) for pair in mined.pairs] == [
        ("What does a say?", Origin.LLM, "natural"),
        ("What does d say?", Origin.LLM, "natural"),
    ]
    assert mined.dropped == {
        "the language model failed": 2,
        "the same question and passage": 2,
    }
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_model_that_is_down_is_not_asked_for_ever(cache: SqliteWritingCache) -> None:
    """After ten failures in a row the rest is left out, and counted."""
    passages = [_passage(f"p{n}", f"This one fails, number {n}.") for n in range(200)]
    mined = mine_llm(
        passages,
        Writing(_Writer(), cache, Budget()),
        styles=NATURAL,
        count=1,
        limit=150,
        progress=lambda *_: None,
        workers=1,
    )
    assert mined.dropped == {
        "not asked: the language model kept failing": 140,
        "the language model failed": 10,
    }


def test_what_the_budget_allowed_is_kept(cache: SqliteWritingCache) -> None:
    """The questions written before the limit are given, and the calls that were not made are counted."""
    passages = [_passage(f"p{n}", f"Text number {n} with a few more words.") for n in range(10)]
    mined = mine_llm(
        passages,
        Writing(_Writer(), cache, Budget(calls=4)),
        styles=NATURAL,
        count=1,
        limit=10,
        progress=lambda *_: None,
    )
    assert len(mined.pairs) == 4
    assert mined.dropped == {"not asked: 4 calls were made": 6}


def test_every_style_is_asked_for_and_recorded(cache: SqliteWritingCache) -> None:
    """Each passage is asked about in each style, and a pair says in which its question was written."""
    writer = _Writer()
    mined = mine_llm(
        [_passage("a")],
        Writing(writer, cache, Budget()),
        styles=tuple(QuestionStyle),
        count=1,
        limit=1,
        progress=lambda *_: None,
    )
    assert {style for _, style in writer.asked} == set(QuestionStyle)
    assert [pair.kind for pair in mined.pairs] == ["natural"]
    assert mined.dropped == {"the same question and passage": 2}


def test_positives_are_passages_of_the_corpus(cache: SqliteWritingCache) -> None:
    """A pair's text is the passage's, not the model's."""
    passage = _passage("a")
    mined = mine_llm(
        [passage],
        Writing(_Writer(), cache, Budget()),
        styles=NATURAL,
        count=1,
        limit=1,
        progress=lambda *_: None,
    )
    assert [pair.passage_text for pair in mined.pairs] == [passage.embedded_text]


def test_what_the_encoder_knows_least_about_comes_first() -> None:
    """Changed documents, then topics people moved to, then passages nobody asked about, then the rest."""
    changed, drifted, drifted_more, unasked, asked = (_passage(name, f"text of {name}") for name in "abcde")
    order = most_wanted(
        [asked, unasked, drifted, changed, drifted_more],
        changed={changed.document_id},
        drifted={drifted.id: 0.1, drifted_more.id: 0.2, asked.id: -0.3},
        asked={asked.id},
    )
    assert order == [changed, drifted_more, drifted, unasked, asked]


def _asked(*found: str) -> Interaction:
    return Interaction(
        id="i",
        tenant="default",
        principal="ann",
        asked_at=datetime(2026, 1, 1, tzinfo=UTC),
        question="q",
        hits=tuple(
            LoggedHit(passage_id=name, document_id=name, rank=rank, score=0.5)
            for rank, name in enumerate(found, start=1)
        ),
        answer="",
        cited=(),
        release="r",
        epoch=1,
        generator="",
        status=InteractionStatus.ANSWERED,
    )


def test_a_topic_has_drifted_where_its_share_grew() -> None:
    """Only passages that are found for a larger share of the questions count; a front end's prompts do not."""
    before = [_asked("old", "both")] * 3 + [_asked("both")]
    now = [_asked("new", "both"), _asked("new"), replace(_asked("noise"), auxiliary=True)]
    drifted = topics_drifted_to(before, now)
    assert set(drifted) == {"new"}
    assert drifted["new"] == pytest.approx(0.8)
