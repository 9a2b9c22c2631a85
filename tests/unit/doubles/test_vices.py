"""The scripted language model's vices: each is done to answers, mined questions and paraphrases alike."""

import json
from collections import Counter
from typing import Any

import httpx
import pytest
from doubles.scripted_llm import Reply, ScriptedLLM
from doubles.vices import OF_FORM, OF_MARKS, OF_QUESTIONS, Vice, Vices, spoiled, wants_questions

ANSWER = "Passports are renewed at the town hall [1]. Bring the old one [2]."
ASKED = ["Where are passports renewed?", "What do I bring to renew a passport?"]
QUESTIONS = json.dumps({"questions": ASKED})


def body(data: dict[str, Any] | str = "Where?", n: int = 0) -> dict[str, Any]:
    """Return a request: data of a mining prompt, or a plain question."""
    content = data if isinstance(data, str) else json.dumps(data)
    messages = [{"role": "system", "content": f"You follow the rules ({n})."}]
    return {"model": "m", "messages": [*messages, {"role": "user", "content": content}]}


MINING = body({"passage": "Passports\nThey are renewed at the town hall. It costs 30 euros.", "count": 2})
REWORDING = body({"question": "Where are passports renewed?", "count": 2})


@pytest.mark.parametrize("vice", Vice)
def test_every_vice_can_be_told_from_honesty(vice: Vice) -> None:
    """What is said is not what an honest model would have said; the same request gets the same reply."""
    for honest, request in ((ANSWER, body()), (QUESTIONS, MINING), (QUESTIONS, REWORDING)):
        unfit = OF_QUESTIONS if honest == ANSWER else OF_MARKS
        if vice in unfit:
            continue
        plain = Reply(text=honest)
        said = spoiled(Reply(text=honest, vice=vice), request)
        assert (said.text, said.reasoning, said.refusal, said.finish) != (
            plain.text,
            plain.reasoning,
            plain.refusal,
            plain.finish,
        )
        assert spoiled(Reply(text=honest, vice=vice), request) == said


@pytest.mark.parametrize("vice", sorted(OF_FORM))
def test_vices_of_form_hold_what_was_asked_for(vice: Vice) -> None:
    """The honest questions and sentences stand in the reply, whole."""
    for number in range(20):
        request = {**MINING, "messages": [*body(n=number)["messages"][:1], MINING["messages"][-1]]}
        said = spoiled(Reply(text=QUESTIONS, vice=vice), request).text or ""
        assert all(question in said for question in ASKED)
        answered = spoiled(Reply(text=ANSWER, vice=vice), body(n=number)).text or ""
        assert all(part in answered for part in ("at the town hall [1].", "Bring the old one [2]."))


def test_a_share_of_the_replies_is_vicious() -> None:
    """Which ones depends on the request and the seed alone, and only vices that fit what is asked for are chosen."""
    vices = Vices(share=0.3)
    requests = [body({"question": f"Where is {n}?", "count": 2}) for n in range(1_000)]

    chosen = [vices.of(request) for request in requests]

    assert 240 <= sum(vice is not None for vice in chosen) <= 360
    assert [vices.of(request) for request in reversed(requests)] == chosen[::-1]
    assert [Vices(share=0.3, seed=18).of(request) for request in requests] != chosen
    assert not {*chosen} & OF_MARKS
    assert Vice.STATEMENTS in chosen
    assert Vice.COPIED not in chosen
    assert {Vices(share=1, among={Vice.EMPTY}).of(request) for request in requests} == {Vice.EMPTY}
    assert {Vices(share=0).of(request) for request in requests} == {None}
    answered = Counter(Vices(share=1).of(body(f"Where is {n}?")) for n in range(1_000))
    assert set(Vice) - OF_QUESTIONS == answered.keys()
    assert wants_questions(MINING)
    assert not wants_questions(body("count"))


@pytest.mark.parametrize("stream", [False, True])
def test_vices_arrive_over_http(scripted_llm: ScriptedLLM, stream: bool) -> None:
    """A thought has its field, a refusal too, and the reason for the end is told, streamed or whole."""
    scripted_llm.script(
        Reply(text=ANSWER, vice=Vice.REASONING),
        Reply(text=ANSWER, vice=Vice.CUT),
        Reply(text=ANSWER, vice=Vice.REFUSAL, in_form=True),
        Reply(text=ANSWER, vice=Vice.THOUGHTS, piece=3),
    )

    def ask() -> tuple[dict[str, str], str]:
        sent = httpx.post(f"{scripted_llm.url}/chat/completions", json={**body(), "stream": stream}).text
        chunks = [line[6:] for line in sent.splitlines() if line.startswith("data: {")] if stream else [sent]
        message: dict[str, str] = {}
        finish = ""
        for choice in (json.loads(chunk)["choices"][0] for chunk in chunks):
            for name, value in choice["delta" if stream else "message"].items():
                message[name] = message.get(name, "") + (value or "")
            finish = choice["finish_reason"] or finish
        return message, finish

    thought, cut, refused, tagged = (ask() for _ in range(4))
    assert thought[0]["content"] == ANSWER
    assert thought[0]["reasoning_content"].startswith("Okay, the user wants")
    assert cut[1] == "length"
    assert ANSWER.startswith(cut[0]["content"])
    assert refused[0]["refusal"]
    assert not refused[0]["content"]
    assert tagged[0]["content"].endswith(f"\n\n{ANSWER}")
    assert [reply.vice for _, reply in scripted_llm.said] == [
        Vice.REASONING,
        Vice.CUT,
        Vice.REFUSAL,
        Vice.THOUGHTS,
    ]
