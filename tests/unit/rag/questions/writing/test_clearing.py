"""Of a language model's words only the answer is passed on."""

import json
import time

import pytest

from rag.domain import Document, Hit, Passage
from rag.questions.writing.clearing import Clearing
from rag.questions.writing.prompting import messages

ANSWER = "From noon [1]. Until two [2]."


def hit(rank: int, text: str) -> Hit:
    """Return a hit with that text."""
    document = Document.create(uri=f"doc-{rank}", text=text)
    return Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.9)


PROMPT = messages(
    "When is lunch served in the canteen?",
    [hit(1, "Lunch is at noon."), hit(2, "It ends at two.")],
    count_tokens=lambda texts: [len(text.split()) for text in texts],
    context_tokens=1_000,
)
RULES, GIVEN = PROMPT[0].content, PROMPT[-1].content


def cleared(text: str, size: int) -> str:
    """Return what is passed on of a text that comes in pieces of so many characters."""
    clearing, out, anew = Clearing(PROMPT), "", False
    for at in range(0, len(text), size):
        piece = clearing.feed(text[at : at + size])
        if clearing.began_anew and not anew:
            out, anew = "", True
        out += piece
    return (out + clearing.rest()).strip()


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        (ANSWER, ANSWER),
        # Preambles.
        (f"Sure! {ANSWER}", ANSWER),
        (f"Certainly! Based on the provided passages, here is what you asked for:\n\n{ANSWER}", ANSWER),
        ("Based on the provided passages, lunch is at noon [1].", "Lunch is at noon [1]."),
        ("According to the documents: lunch is at noon [1].", "Lunch is at noon [1]."),
        ("Laut den Dokumenten: um zwölf [1].", "Um zwölf [1]."),
        ("D'après les passages fournis, à midi [1].", "À midi [1]."),
        ("Según los documentos proporcionados, al mediodía [1].", "Al mediodía [1]."),
        (f"Here you go:\n\n{ANSWER}", ANSWER),
        (f"Of course. Here's the answer:\n\n{ANSWER}", ANSWER),
        (f"Natürlich! Hier ist das Ergebnis:\n\n{ANSWER}", ANSWER),
        (f"Great question! {ANSWER}", ANSWER),
        (f"**Answer:** {ANSWER}", ANSWER),
        # No preambles.
        ("Sure.", "Sure."),
        ("Of course [1].", "Of course [1]."),
        ("Here are the opening hours:\n- Mon [1]", "Here are the opening hours:\n- Mon [1]"),
        ("In the summer, it is open [1].", "In the summer, it is open [1]."),
        ("According to the handbook, at noon [1].", "According to the handbook, at noon [1]."),
        ("Based on passage 2, at noon.", "Based on passage 2, at noon."),
        ("x <y and <b>z</b>", "x <y and <b>z</b>"),
        # Thoughts.
        (f"<think>\nIs it [9]? 1. Noon.\n</think>\n\n{ANSWER}", ANSWER),
        (f"<reasoning>Hm.</reasoning>{ANSWER}", ANSWER),
        (f"Okay, the user wants lunch [9].\n</think>\n\n{ANSWER}", ANSWER),
        ("<think>\nThis never ends [1].", ""),
        (f"<|im_start|>assistant\n{ANSWER}<|im_end|>", ANSWER),
        # The prompt.
        (f"{GIVEN}\n\n{ANSWER}", ANSWER),
        (f"{RULES}\n\n{GIVEN}\n\n{ANSWER}", ANSWER),
        (f"Question: When is lunch served in the canteen?\nAnswer: {ANSWER}", ANSWER),
        (GIVEN, ""),
        (RULES, ""),
        (f"{RULES}\n\n{GIVEN}", ""),
        (GIVEN[:60], ""),
        # Said twice.
        (f"{ANSWER}\n\n{ANSWER}", ANSWER),
        (f"{ANSWER} {ANSWER}", ANSWER),
        (ANSWER + ANSWER, ANSWER),
        (f"{ANSWER}\n\n{ANSWER}\n\n{ANSWER}", ANSWER),
        (f"{ANSWER}\n\n{ANSWER[:20]}", ANSWER),
        ("Noon.\n\nNoon.", "Noon."),
        ("Noon [1].\n\nNo, one [2].", "Noon [1].\n\nNo, one [2]."),
        ("The A.\nThe A B.\nThe A C B.", "The A.\nThe A B.\nThe A C B."),
        # JSON that nobody asked for.
        (f"```json\n{json.dumps({'answer': ANSWER})}\n```", ANSWER),
        (f"Here is the JSON you asked for:\n\n```\n{json.dumps({'answer': ANSWER})}\n```", ANSWER),
        ('{"a": 1}', '{"a": 1}'),
        ("```bash\nls\n```\nLists files [1].", "```bash\nls\n```\nLists files [1]."),
    ],
)
def test_only_the_answer_is_passed_on(said: str, passed_on: str) -> None:
    """Whatever pieces it comes in."""
    assert {passed_on} == {cleared(said, size) for size in (1, 2, 3, 7, len(said))}


def test_an_answer_is_passed_on_as_it_comes() -> None:
    """What begins like no preamble does not wait, and a preamble waits for its end alone."""
    clearing = Clearing(PROMPT)
    assert clearing.feed("From no") == "From no"
    assert clearing.feed("on [1]") == "on [1]"

    clearing = Clearing(PROMPT)
    assert clearing.feed("Sure! ") == ""
    assert clearing.feed("From no") == "From no"


def test_long_answers_are_read_in_time() -> None:
    """Neither repetitions nor tags make it slow."""
    for text in (
        "a b " * 3_000,
        "<" * 5_000,
        "Yes.\n\n" * 2_000,
        "<passage " * 1_000,
        f"{'x' * 4_000}\n\n" * 2,
    ):
        began = time.perf_counter()
        cleared(text, 5)
        assert time.perf_counter() - began < 3


def test_thoughts_that_end_many_times_are_read_in_time() -> None:
    """A model that writes nothing but ends of thoughts, all in one piece, costs no more than its length."""
    clearing = Clearing(PROMPT)
    began = time.perf_counter()
    said = clearing.feed("</think>" * 25_000 + "From noon.") + clearing.rest()
    assert time.perf_counter() - began < 1
    assert said == "From noon."
