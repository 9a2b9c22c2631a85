"""Where the documents do not say, what was looked at is named, in forms that do not look like an answer's sources."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rag.api.wire.chat_request import ChatRequest
from rag.api.wire.chat_wire import ChatWire
from rag.api.wire.looked_at import LookedAt
from rag.domain import Document, Hit, Interaction, InteractionStatus, Passage
from rag.questions.events import Finished, Started

ABSTENTION = "The documents do not say."


def link(passage_id: str, span: tuple[int, int] | None = None) -> str:
    """Return a short link."""
    return f"http://x/{passage_id[:8]}"


def abstained(*titles: str, answer: str = ABSTENTION, each: int = 1) -> Finished:
    """Return a question without an answer, after documents of those titles with so many passages found each."""
    hits: list[Hit] = []
    for title in titles:
        document = Document.create(uri=f"file:///{len(hits)}.md", title=title, text="A text.")
        for position in range(each):
            passage = Passage.create(
                document, position, f"Passage {position}.", locator=f"page {position + 1}"
            )
            hits.append(Hit(passage=passage, rank=len(hits) + 1, score=0.1))
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
        status=InteractionStatus.ABSTAINED,
    )
    return Finished(interaction=interaction, hits=tuple(hits), citations=(), mentions=(), encoder="e" * 64)


def annotated(whole: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (title, the text it stands at) of each annotation."""
    message = whole["choices"][0]["message"]
    marks = [each["url_citation"] for each in message["annotations"]]
    return [(mark["title"], message["content"][mark["start_index"] : mark["end_index"]]) for mark in marks]


def test_titles_of_the_nearest_documents_are_named() -> None:
    """Three at most, each once, in the text, at an annotation each, and in fields of their own."""
    finished = abstained("Cafeteria", "Travel", "Leave", "Badges", each=2)

    whole = ChatWire("m", link).whole(finished)

    message = whole["choices"][0]["message"]
    assert message["content"] == "The documents do not say. Looked at: Cafeteria; Travel; Leave."
    assert annotated(whole) == [(title, title) for title in ("Cafeteria", "Travel", "Leave")]
    urls = [link(finished.hits[at].passage.id) for at in (0, 2, 4)]
    assert [each["url_citation"]["url"] for each in message["annotations"]] == urls
    assert [each["url"] for each in whole["search_results"]] == urls
    assert [(each["title"], each["url"]) for each in whole["whetstone"]["looked_at"]] == [
        ("Cafeteria", urls[0]),
        ("Travel", urls[1]),
        ("Leave", urls[2]),
    ]
    assert whole["citations"] == message["context"]["citations"] == whole["whetstone"]["citations"] == []


def test_answers_name_no_more_than_their_sources() -> None:
    """What was looked at is told of abstentions alone."""
    finished = abstained("Cafeteria")
    answered = replace(
        finished,
        interaction=replace(finished.interaction, status=InteractionStatus.ANSWERED, answer="At noon."),
    )

    whole = ChatWire("m", link).whole(answered)

    assert whole["choices"][0]["message"]["content"] == "At noon."
    assert whole["whetstone"]["looked_at"] == whole["choices"][0]["message"]["annotations"] == []


def test_a_stream_tells_the_same() -> None:
    """The pieces of a stream make up the whole answer's text, and its last chunk has the fields."""
    finished = abstained("Cafeteria", "Travel")
    wire = ChatWire("m", link)
    started = Started(interaction_id="i", release="r" * 64, epoch=1, encoder="e" * 64, hits=finished.hits)

    whole = wire.whole(finished)
    told, last = wire.closing(started, finished)

    content = whole["choices"][0]["message"]["content"]
    assert ABSTENTION + told["choices"][0]["delta"]["content"] == content
    assert last["choices"][0]["delta"]["annotations"] == whole["choices"][0]["message"]["annotations"]
    assert last["search_results"] == whole["search_results"]
    assert last["whetstone"] == whole["whetstone"]


@pytest.mark.parametrize(
    ("filtered", "said"),
    [(False, "There are no documents here yet."), (True, "No document fits the filter.")],
)
def test_where_nothing_was_found_the_reason_is_told(filtered: bool, said: str) -> None:
    """Nothing is there, or the filter leaves nothing."""
    whole = ChatWire("m", link, looked_at=LookedAt(link, filtered=filtered)).whole(abstained())

    assert whole["choices"][0]["message"]["content"] == f"{ABSTENTION} {said}"
    assert whole["choices"][0]["message"]["annotations"] == whole["whetstone"]["looked_at"] == []


def test_a_list_of_links_is_given_where_sources_are_asked_for() -> None:
    """In Markdown, as sources are, and under another heading."""
    finished = abstained("A](http://evil) <b>")

    content = ChatWire("m", link, sources_block=True).whole(finished)["choices"][0]["message"]["content"]

    url = link(finished.hits[0].passage.id)
    assert content == f"{ABSTENTION}\n\n**Looked at**\n\n- [A\\](http://evil) \\<b\\>]({url})"


def test_titles_in_the_text_cannot_become_markup_or_marks() -> None:
    """Neither a link, nor an image, nor the mark of a source, whatever a document's author wrote."""
    content = ChatWire("m", link).whole(abstained("![x](http://evil) [1] <img src=y>\n`z` **b**"))

    text = content["choices"][0]["message"]["content"]
    assert not set("[]<>`*\n") & set(text)


def test_long_and_missing_titles() -> None:
    """A title is cut where it would fill the answer; without one the address is named. The end has one full stop."""
    long = abstained("word " * 60, "")

    content = ChatWire("m", link).whole(long)["choices"][0]["message"]["content"]
    question = ChatWire("m", link).whole(abstained("Who pays?"))["choices"][0]["message"]["content"]

    assert len(content) < 200
    assert content.endswith("; file:///1.md.")
    assert question.endswith("Looked at: Who pays?")


def test_answers_in_another_form_are_left_as_they_are() -> None:
    """A program that wants JSON, or a text up to a string, gets nothing beside it, and the fields all the same."""
    looked_at = LookedAt(link, in_text=False)

    whole = ChatWire("m", link, looked_at=looked_at).whole(abstained("Cafeteria"))
    cut = ChatWire("m", link).whole(abstained("Cafeteria", answer="The documents"))

    assert whole["choices"][0]["message"]["content"] == ABSTENTION
    assert annotated(whole) == [("Cafeteria", ABSTENTION)]
    assert cut["choices"][0]["message"]["content"] == "The documents"


@pytest.mark.parametrize("markdown", [False, True])
@pytest.mark.parametrize("titles", [(), ("Cafeteria",), ("Maria Lopez", "E-1043", "Who pays?"), ("A\nB",)])
@pytest.mark.parametrize("answer", [ABSTENTION, '"The documents do not say"'])
def test_sent_back_it_is_the_plain_sentence(markdown: bool, titles: Sequence[str], answer: str) -> None:
    """Titles that nobody spoke of are not taken for what the conversation is about."""
    finished = abstained(*titles, answer=answer)
    content = ChatWire("m", link, sources_block=markdown).whole(finished)["choices"][0]["message"]["content"]
    body = ChatRequest.model_validate(
        {
            "messages": [
                {"role": "user", "content": "Who leads it?"},
                {"role": "assistant", "content": content},
                {"role": "user", "content": "And where?"},
            ]
        }
    )

    _, wishes = body.asked()

    assert [turn.content for turn in wishes.history] == ["Who leads it?", answer]


def test_answers_that_begin_alike_are_kept() -> None:
    """Only the sentence with what this service tells beside it is an abstention."""
    text = "The documents do not say how, but [1] says why. Looked at: nothing else."
    body = ChatRequest.model_validate(
        {"messages": [{"role": "assistant", "content": text}, {"role": "user", "content": "And where?"}]}
    )

    assert [turn.content for turn in body.asked()[1].history] == [text]
