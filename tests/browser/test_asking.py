"""Asking on the chat page: streaming, stopping, failing, several turns, and what is kept."""

import json
import re
from collections.abc import Callable
from typing import Any

from doubles.scripted_llm import ScriptedLLM
from playwright.sync_api import Route, expect

from rag.domain import InteractionStatus

LUNCH = "When does the cafeteria serve lunch?"


def stream(tab: Any, body: str) -> None:
    """Have the next questions answered with that stream, which no healthy service sends."""
    tab.page.unroute("**/v1/chat/completions")
    headers = {"Content-Type": "text/event-stream"}
    tab.page.route("**/v1/chat/completions", lambda route: route.fulfill(headers=headers, body=body))


def test_answer_appears_piece_by_piece(tab: Any, llm: ScriptedLLM) -> None:
    """Text is on the page while the language model still writes, and the answer is marked as under way."""
    # Up to its first citation an answer is held back for a moment.
    words = [f"word{i}" for i in range(30)]
    first, *others = words
    llm.script(llm.reply(text=f"{first} [1] {' '.join(others)} [1].", pause_s=0.06))

    tab.ask(LUNCH, to_the_end=False)
    expect(tab.answer).to_contain_text("word1 ")
    early = tab.answer.inner_text()
    assert "true" == tab.page.locator(".answer").get_attribute("aria-busy")
    expect(tab.answer).to_contain_text("word12")
    later = tab.answer.inner_text()
    tab.wait_for_end()

    assert "word29" not in early
    assert len(early) < len(later) < len(tab.answer.inner_text())
    assert words == re.findall(r"word\d+", tab.answer.inner_text())


def test_stop_button_ends_the_answer(tab: Any, llm: ScriptedLLM, interaction: Callable[[str], Any]) -> None:
    """What had come stays, the service stops working on it, and the next question is answered."""
    question = "When is lunch in the cafeteria served, at noon?"
    llm.script(llm.reply(text=" ".join(f"word{i}" for i in range(200)), pause_s=0.05))

    tab.ask(question, to_the_end=False)
    expect(tab.answer).to_contain_text("word3")
    tab.page.get_by_role("button", name="Stop").click()
    tab.wait_for_end()

    expect(tab.page.locator(".below").get_by_text("Stopped.", exact=True)).to_be_visible()
    expect(tab.answer).to_contain_text("word3")
    assert "word199" not in tab.answer.inner_text()
    assert InteractionStatus.CANCELLED == interaction(question).status
    expect(tab.question).to_be_focused()
    llm.script("From noon [1].")
    tab.page.get_by_role("button", name="Ask again").click()
    tab.wait_for_end()
    expect(tab.answer).to_contain_text("From noon")
    expect(tab.page.locator(".turn")).to_have_count(1)


def test_escape_ends_the_answer(tab: Any, llm: ScriptedLLM) -> None:
    """Esc does what the stop button does."""
    llm.script(llm.reply(text=" ".join(f"word{i}" for i in range(200)), pause_s=0.05))

    tab.ask(LUNCH, to_the_end=False)
    expect(tab.answer).to_contain_text("word3")
    tab.page.keyboard.press("Escape")

    tab.wait_for_end()
    expect(tab.page.locator(".below").get_by_text("Stopped.", exact=True)).to_be_visible()


def test_earlier_turns_are_sent(tab: Any, llm: ScriptedLLM) -> None:
    """The service gets the conversation so far, answers included, with the new question last."""
    sent: list[Any] = []

    def look(route: Route) -> None:
        sent.append(route.request.post_data_json)
        route.continue_()

    tab.page.route("**/v1/chat/completions", look)
    llm.script("Lunch is from noon until two [1].", "Vegetarian meals are on the second counter [1].")
    tab.ask(LUNCH)
    tab.ask("Where are vegetarian meals in the cafeteria?")

    assert [
        {"role": "user", "content": LUNCH},
        {"role": "assistant", "content": "Lunch is from noon until two [1]."},
        {"role": "user", "content": "Where are vegetarian meals in the cafeteria?"},
    ] == sent[-1]["messages"]
    assert sent[-1]["stream"] is True
    expect(tab.page.locator(".turn")).to_have_count(2)


def test_what_the_documents_do_not_say(tab: Any) -> None:
    """An abstention is told as such, with what was looked at as links, which are no sources, and open like them."""
    tab.ask("xyzzy plugh frobnicate quux")

    expect(tab.answer).to_have_text("The documents do not say.")
    expect(tab.page.get_by_text("Other words may find more")).to_be_visible()
    looked = tab.page.locator(".looked")
    expect(looked.get_by_role("heading")).to_have_text("Looked at")
    expect(looked.get_by_role("button")).to_have_count(3)
    expect(tab.page.get_by_role("button", name=re.compile("^Source"))).to_have_count(0)
    tab.shot("abstained")
    first = looked.get_by_role("button").first
    title = first.inner_text()
    first.click()
    panel = tab.page.get_by_role("complementary", name="Source")
    expect(panel.get_by_role("heading")).to_have_text(title)
    expect(panel.get_by_role("link", name="Open as a page")).to_be_visible()
    tab.shot("looked-at")


def test_opening_what_did_not_answer_is_no_feedback(tab: Any, service: Any, interaction: Any) -> None:
    """A passage that was looked at in vain is not taken for the right one because somebody had a look."""
    question = "frobnicate the xyzzy quux"
    tab.ask(question)
    tab.page.locator(".looked").get_by_role("button").first.click()
    expect(tab.page.get_by_role("link", name="Open as a page")).to_be_visible()

    asked = interaction(question)
    assert "The documents do not say." == asked.answer
    assert {} == service.serving.stores.feedback.of([asked.id])


def test_an_abstention_survives_a_reload(tab: Any) -> None:
    """It is drawn the same, with the links."""
    tab.ask("xyzzy plugh frobnicate quux")
    before = tab.page.locator(".turn").inner_text()

    tab.page.reload()

    assert before == tab.page.locator(".turn").inner_text()
    expect(tab.page.locator(".looked").get_by_role("button")).to_have_count(3)


def test_questions_in_an_unknown_language_are_told(tab: Any) -> None:
    """Whoever asks in a language that the encoder does not know reads why little is found."""
    tab.ask("Mihin aikaan ruokala avataan aamulla?")

    expect(tab.page.get_by_text("does not know the language")).to_be_visible()
    tab.shot("finnish")


def test_weak_support_is_told_in_words(tab: Any) -> None:
    """A person reads a hint where an answer rests on little, and no number anywhere."""
    for weak in (True, False):
        support = {
            "probability": 0.37 if weak else 0.97,
            "threshold": 0.15,
            "weak": weak,
            "reason": "a title",
        }
        told = {
            "interaction_id": "00000000-0000-0000-0000-000000000000",
            "status": "answered",
            "support": support,
            "hits": [],
        }
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "whetstone": told}
        stream(
            tab,
            'data: {"choices":[{"index":0,"delta":{"content":"Lunch is at noon."}}]}\n\n'
            + f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n",
        )
        tab.ask("When is lunch?")
        expect(tab.page.locator(".turn").last.get_by_text("weakly supported")).to_have_count(int(weak))
        if weak:
            tab.shot("weak")
    assert not re.search(r"0\.37|37 ?%", tab.page.locator(".turn").first.inner_text())


def test_service_out_of_reach_is_said_and_can_be_tried_again(tab: Any, llm: ScriptedLLM) -> None:
    """A failure is told in plain words with a way to repeat, which works once the cause is gone."""
    tab.page.route("**/v1/chat/completions", lambda route: route.abort())
    tab.ask(LUNCH)
    expect(tab.page.get_by_role("alert")).to_contain_text("The service cannot be reached")
    tab.shot("error")
    tab.complaints.clear()  # the browser itself reports the failed request

    tab.page.unroute("**/v1/chat/completions")
    llm.script("From noon [1].")
    tab.page.get_by_role("button", name="Try again").click()
    tab.wait_for_end()

    expect(tab.answer).to_contain_text("From noon")
    expect(tab.page.get_by_role("alert")).to_have_count(0)


def test_refusals_say_why_and_when(tab: Any) -> None:
    """What the service says of its refusal is shown, with the time to wait."""
    error = {"error": {"message": "This key may ask 3 times a minute.", "type": "rate_limit_error"}}
    tab.page.route(
        "**/v1/chat/completions",
        lambda route: route.fulfill(status=429, headers={"Retry-After": "17"}, json=error),
    )
    tab.ask(LUNCH)

    alert = tab.page.get_by_role("alert")
    expect(alert).to_contain_text("Too many questions in a short time. Try again in 17 seconds.")
    expect(alert).to_contain_text("This key may ask 3 times a minute.")
    tab.complaints.clear()


def test_answer_that_breaks_off_keeps_what_came(tab: Any) -> None:
    """An error within the stream, and a stream without an end, are failures; the text so far stays."""
    chunk = 'data: {"choices":[{"index":0,"delta":{"content":"The first half"}}]}\n\n'
    endings = {
        'data: {"error":{"message":"The language model broke off."}}\n\ndata: [DONE]\n\n': "The answer broke off.",
        "": "The connection ended in the middle of the answer.",
    }
    for ending, said in endings.items():
        stream(tab, chunk + ending)
        tab.ask(LUNCH)
        expect(tab.page.get_by_role("alert").last).to_contain_text(said)
        expect(tab.answer).to_have_text("The first half")


def test_notices_of_the_service_are_shown(tab: Any) -> None:
    """A stand-in's answer says so, and the question as it was searched for is told."""
    told = {
        "interaction_id": "00000000-0000-0000-0000-000000000000",
        "status": "answered",
        "degraded": True,
        "rewritten": "opening hours of the cafeteria",
        "hits": [],
    }
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "whetstone": told}
    body = (
        'data: {"choices":[{"index":0,"delta":{"content":"“Lunch is at noon.”"}}]}\n\n'
        + f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n"
    )
    stream(tab, body)
    tab.ask("And on Fridays?")

    expect(tab.page.get_by_text("The language model is out of order")).to_be_visible()
    expect(tab.page.get_by_text("Searched for")).to_contain_text("opening hours of the cafeteria")
    tab.shot("degraded")


def test_conversation_survives_a_reload(tab: Any, llm: ScriptedLLM) -> None:
    """Questions, answers and sources are there again, and the next turn goes on with them."""
    llm.script("Lunch is from noon until two [1].")
    tab.ask(LUNCH)
    before = tab.answer.inner_text()

    tab.page.reload()

    assert before == tab.answer.inner_text()
    expect(tab.page.locator(".asked")).to_have_text(re.compile(re.escape(LUNCH)))
    expect(tab.answer.get_by_role("button", name=re.compile("Source 1"))).to_be_visible()
    expect(tab.page).to_have_title(f"{LUNCH} – Whetstone")


def test_conversations_are_listed_switched_and_deleted(tab: Any, llm: ScriptedLLM) -> None:
    """A new conversation starts empty, the old one can be gone back to, and both be deleted for good."""
    llm.script("Noon [1].", "Sixteen weeks [1].")
    tab.ask(LUNCH)
    tab.page.get_by_role("button", name="New conversation").click()
    expect(tab.page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    tab.ask("How long is parental leave?")
    listed = tab.page.get_by_role("navigation", name="Conversations")
    expect(listed.locator("li")).to_have_count(2)

    listed.get_by_role("button", name=LUNCH, exact=True).click()
    expect(tab.answer).to_contain_text("Noon")
    listed.get_by_role("button", name=f"Delete: {LUNCH}").click()
    expect(listed.locator("li")).to_have_count(1)
    tab.page.reload()
    expect(listed.locator("li")).to_have_count(1)
    listed.get_by_role("button", name="Delete all").click()
    tab.page.get_by_role("dialog").get_by_role("button", name="Delete all").click()

    expect(listed.locator("li")).to_have_count(0)
    kept = (
        "() => Object.keys(localStorage).filter((each) => each.startsWith('whetstone.conversation.')).length"
    )
    assert 0 == tab.page.evaluate(kept)
    tab.page.reload()
    expect(tab.page.locator(".turn")).to_have_count(0)
