"""An answer's sources stand in each form that clients show, and agree with one another."""

from dataclasses import replace
from datetime import UTC, datetime

from rag.api.wire.chat_wire import ChatWire
from rag.domain import Document, Hit, Interaction, InteractionStatus, Passage, Support
from rag.questions.events import Finished, Judged, Started
from rag.questions.writing.citing import citations, mentions

TEXT = "Lunch is at noon. Dinner is at seven."


def link(passage_id: str, span: tuple[int, int] | None = None) -> str:
    """Return a short link."""
    return f"http://x/{passage_id[:4]}" + (f"?s={span[0]}-{span[1]}" if span else "")


def finished(
    answer: str,
    title: str = "Meals",
    status: InteractionStatus = InteractionStatus.ANSWERED,
    locator: str = "",
) -> Finished:
    """Return an answer over two passages of the same text."""
    hits = []
    for rank in (1, 2):
        document = Document.create(uri=f"doc-{rank}", title=title, text=TEXT)
        hits.append(Hit(passage=Passage.create(document, 0, TEXT, locator=locator), rank=rank, score=0.5))
    found = mentions(answer, hits)
    interaction = Interaction(
        id="i",
        tenant="default",
        principal="local",
        asked_at=datetime.now(UTC),
        question="?",
        hits=(),
        answer=answer,
        cited=(),
        release="r" * 64,
        epoch=1,
        generator="says",
        status=status,
    )
    return Finished(
        interaction=interaction,
        hits=tuple(hits),
        citations=citations(found),
        mentions=found,
        encoder="e" * 64,
    )


def test_all_forms_agree() -> None:
    """The n-th source is the one of [n] everywhere, with the same link; each mark has its own sentence."""
    answer = finished("Dinner is at seven [2]. Lunch is at noon [2].")
    first, second = (hit.passage.id for hit in answer.hits)

    whole = ChatWire("m", link).whole(answer)

    message = whole["choices"][0]["message"]
    dinner, lunch = link(second, (18, 37)), link(second, (0, 17))
    assert [each["url_citation"]["url"] for each in message["annotations"]] == [dinner, lunch]
    assert whole["citations"] == [link(first), dinner]
    assert [each["url"] for each in whole["search_results"]] == whole["citations"]
    assert [each["url"] for each in message["context"]["citations"]] == whole["citations"]
    assert whole["whetstone"]["citations"] == [
        {"number": 2, "passage_id": second, "url": dinner, "locator": "", "quote": "Dinner is at seven."}
    ]


def test_titles_cannot_become_markup() -> None:
    """A document's title is text in the list of sources, whatever its author wrote."""
    answer = finished("Lunch is at noon [1].", title="A](http://evil) <b>`*\nB")

    content = ChatWire("m", link, sources_block=True).whole(answer)["choices"][0]["message"]["content"]

    url = link(answer.hits[0].passage.id, (0, 17))
    assert content.endswith(rf"1. [A\](http://evil) \<b\>\`\* B]({url})")


def test_what_rests_on_nothing_shows_no_sources() -> None:
    """An abstention has hits in its log, and cites nothing in any form."""
    whole = ChatWire("m", link, sources_block=True).whole(
        finished("The documents do not say.", status=InteractionStatus.ABSTAINED)
    )

    message = whole["choices"][0]["message"]
    assert whole["citations"] == whole["whetstone"]["citations"] == []
    assert message["context"] == {"citations": []}
    assert "Sources" not in message["content"]


def test_an_answer_says_how_likely_it_is_supported() -> None:
    """As a number beside the bar, with its reason, and whether the asker should look closer."""
    answer = replace(
        finished("Lunch is at noon [1]."),
        judged=Judged(support=Support(probability=0.21239, reason="a title"), threshold=0.15),
    )

    own = ChatWire("m", link).whole(answer)["whetstone"]

    assert own["support"] == {"probability": 0.2124, "threshold": 0.15, "weak": True, "reason": "a title"}
    assert own["looked_at"] == []
    assert own["language_unknown"] is False
    assert ChatWire("m", link).whole(replace(answer, judged=None))["whetstone"]["support"] is None


def test_streamed_sources_are_the_whole_ones() -> None:
    """The last chunks of a stream carry what the whole answer does."""
    answer = finished("Lunch is at noon [1].")
    started = Started(interaction_id="i", release="r" * 64, epoch=1, encoder="e" * 64, hits=answer.hits)
    wire = ChatWire("m", link, include_usage=True, sources_block=True)

    whole = wire.whole(answer)
    block, last, usage = wire.closing(started, answer)

    assert whole["choices"][0]["message"]["content"].endswith(block["choices"][0]["delta"]["content"])
    for name in ("annotations", "context"):
        assert last["choices"][0]["delta"][name] == whole["choices"][0]["message"][name]
    for name in ("citations", "search_results", "whetstone", "id", "model", "system_fingerprint"):
        assert last[name] == whole[name]
    assert usage["usage"] == whole["usage"]


def test_sources_say_where_in_their_document_they_stand() -> None:
    """The page is in the titles that clients show, and in a field of its own where there is room for one."""
    answer = finished("Lunch is at noon [1].", locator="page 3")

    whole = ChatWire("m", link, sources_block=True).whole(answer)

    message = whole["choices"][0]["message"]
    assert [each["url_citation"]["title"] for each in message["annotations"]] == ["Meals, page 3"]
    assert [each["title"] for each in message["context"]["citations"]] == ["Meals, page 3"] * 2
    assert [(each["title"], each["locator"]) for each in whole["search_results"]] == [
        ("Meals, page 3", "page 3")
    ] * 2
    assert [each["locator"] for each in whole["whetstone"]["citations"]] == ["page 3"]
    assert "1. [Meals, page 3](" in message["content"]
