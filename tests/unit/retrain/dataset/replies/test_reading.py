"""What a language model's reply holds of questions, whatever form they come in."""

import json

import pytest
from doubles.replies import Reply, Vice
from doubles.vices import OF_FORM, spoiled

from retrain.dataset.replies.reading import read

ASKED = ("Where are passports renewed?", "What do I bring to renew one?")
TASK = "You write search questions for a retrieval test. Write whole questions, as one would ask a colleague."
DATA = json.dumps({"passage": "Passports\nThey are renewed at the town hall.", "count": 2})
JSON = json.dumps({"questions": ASKED})


def lines(*texts: str) -> str:
    """Return the lines of a reply."""
    return "\n".join(texts)


@pytest.mark.parametrize(
    "reply",
    [
        JSON,
        json.dumps(ASKED),
        json.dumps({"questions": [{"question": each, "answer": "At the town hall."} for each in ASKED]}),
        json.dumps({"question_1": ASKED[0], "question_2": ASKED[1]}),
        json.dumps({"natural": ASKED[0], "situation": ASKED[1]}),
        str({"questions": list(ASKED)}),
        JSON.replace('"]', '",]'),
        JSON + JSON,
        f"```json\n{JSON}\n```",
        f"```\n{JSON}\n```\nLet me know if you need more!",
        f"```json\n{JSON}",
        f"Sure! Here they are:\n\n{JSON}",
        f"{JSON}\n\nI hope this helps!",
        f"{DATA}\n\n{JSON}",
        f"{TASK}\n\n{DATA}\n\n{JSON}",
        f"<think>\n1. Where is that?\n</think>\n{JSON}",
        f"Okay. Where is that?\n</think>\n{JSON}",
        lines(*ASKED),
        lines("1. " + ASKED[0], "2. " + ASKED[1]),
        lines("1) " + ASKED[0], "2) " + ASKED[1]),
        lines("(1) " + ASKED[0], "(2) " + ASKED[1]),
        lines("1." + ASKED[0], "2." + ASKED[1]),
        lines("Q1: " + ASKED[0], "Q2: " + ASKED[1]),
        lines("Question 1: " + ASKED[0], "", "Question 2: " + ASKED[1]),
        lines("Q: " + ASKED[0], "A: At the town hall.", "Q: " + ASKED[1], "A: The old one."),
        lines("- " + ASKED[0], "* " + ASKED[1]),
        lines("• " + ASKED[0], "• " + ASKED[1]),
        lines("a) " + ASKED[0], "b) " + ASKED[1]),
        lines(f"**1. {ASKED[0]}**", f"**2. {ASKED[1]}**"),
        lines(f"1. **{ASKED[0]}**", f"2. **{ASKED[1]}**"),
        lines("1️⃣ " + ASKED[0], "2️⃣ " + ASKED[1]),
        lines("① " + ASKED[0], "② " + ASKED[1]),
        lines("→ " + ASKED[0], "→ " + ASKED[1]),
        lines("I. " + ASKED[0], "II. " + ASKED[1]),
        lines("[1] " + ASKED[0], "[2] " + ASKED[1]),
        lines("**Question 1:** " + ASKED[0], "**Question 2:** " + ASKED[1]),
        lines("1. **Natural:** " + ASKED[0], "2. **Situation**: " + ASKED[1]),
        lines("- Keyword: " + ASKED[0], "- Natural: " + ASKED[1]),
        lines("1. " + ASKED[0] + " (natural)", "2. " + ASKED[1] + " (keywords)"),
        lines(*ASKED, "(Note: these vary in length.)"),
        lines("Thinking...", *ASKED),
        f'Here are two questions based on the passage: "{ASKED[0]}" and "{ASKED[1]}"',
        f'```python\nquestions = ["{ASKED[0]}", "{ASKED[1]}"]\n```',
        lines(f'1. "{ASKED[0]}"', f'2. "{ASKED[1]}"'),
        lines(f"“{ASKED[0]}”", f"“{ASKED[1]}”"),
        lines("## Questions", "", *ASKED, "---"),
        lines("**Questions:**", *ASKED),
        lines("**Search Questions**", *ASKED),
        lines("Sure! Here are two questions about it:", "", "1. " + ASKED[0], "2. " + ASKED[1], "", "Anything else!"),
        lines("Natürlich! Hier sind zwei Fragen:", *ASKED, "Ich hoffe, das hilft."),
        lines("以下是两个问题：", *ASKED),
        lines(*ASKED, "Would you like me to write some more?"),
        lines("These two came to mind.", "- " + ASKED[0], "- " + ASKED[1], "They vary in length."),
        f"Here are your questions: 1. {ASKED[0]} 2. {ASKED[1]}",
        lines(*ASKED, *ASKED),
        f"<question>{ASKED[0]}</question>\n<question>{ASKED[1]}</question>",
        lines(ASKED[0] + " [1]", ASKED[1] + "【2†source】"),
        lines(ASKED[0] + " [1, 2]", ASKED[1] + " (1)"),
        lines(ASKED[0] + "[1-3]", ASKED[1] + "[^1] [Passage 2]"),
        lines("1. " + ASKED[0], "2. " + ASKED[1]) + lines("1. " + ASKED[0], "2. " + ASKED[1]),
        "".join((*ASKED, *ASKED)),
        f"<ol><li>{ASKED[0]}</li><li>{ASKED[1]}</li></ol>",
        f"| # | Question |\n|---|---|\n| 1 | {ASKED[0]} |\n| 2 | {ASKED[1]} |",
        f'"{ASKED[0]}", "{ASKED[1]}"',
        f"{ASKED[0]} | {ASKED[1]}",
        f"questions:\n  - {ASKED[0]}\n  - {ASKED[1]}",
        f"Sure! Here is one: {ASKED[0]}\nAnd here is another one: \n{ASKED[1]}",
        f"Sure! {ASKED[0]}\n{ASKED[1]}",
        json.dumps({"question": ASKED[0]}) + "\n" + json.dumps({"question": ASKED[1]}),
        json.dumps({"questions": ["Sure! Here are two:", "1. " + ASKED[0], "2. " + ASKED[1], "Let me know!"]}),
        json.dumps({"questions": [lines("1. " + ASKED[0], "2. " + ASKED[1])]}),
        json.dumps({"questions": [f"{ASKED[0]} {ASKED[0]}", ASKED[1]]}),
        json.dumps({"questions": [*ASKED, *ASKED]}),
    ],
)  # fmt: skip
def test_the_questions_are_got_at(reply: str) -> None:
    """The same two questions are read out of every form, and nothing is dropped."""
    found = read(reply, told=(TASK, DATA))
    assert (found.texts, dict(found.dropped)) == (ASKED, {})


@pytest.mark.parametrize("vice", sorted(OF_FORM))
@pytest.mark.parametrize("in_form", [True, False])
def test_what_a_vicious_model_was_asked_for_is_got_at(vice: Vice, in_form: bool) -> None:
    """Whatever the scripted model does to the form, within the JSON or beside it, the questions are kept."""
    for number in range(10):
        messages = [{"role": "system", "content": f"{TASK} {number}"}, {"role": "user", "content": DATA}]
        said = spoiled(Reply(text=JSON, vice=vice, in_form=in_form), {"messages": messages})
        found = read(
            said.text, told=[message["content"] for message in messages], cut=said.finish == "length"
        )
        assert (found.texts, dict(found.dropped)) == (ASKED, {}), said.text


@pytest.mark.parametrize(
    ("reply", "more", "fault"),
    [
        ("", {}, "empty"),
        (None, {}, "empty"),
        ('{"questions": []}', {}, "empty"),
        ('{"questions": ["", " "]}', {}, "empty"),
        ("", {"refused": True}, "refused"),
        ("I'm sorry, but I can't help with that.", {}, "refused"),
        ("I’m sorry, I cannot create questions about this.", {}, "refused"),
        ("I am unable to provide medical advice.", {}, "refused"),
        ("As an AI language model, I have no opinion.", {}, "refused"),
        ("Unfortunately, I can't do that.", {}, "refused"),
        ("I'm sorry, but I can't help with that. Is there anything else I can help you with?", {}, "refused"),
        ("I can't assist with that request. Would you like me to try something else?", {}, "refused"),
        ("I'm sorry, I can't answer this. Could you provide more context?", {}, "refused"),
        ("Sure! What would you like to know?", {}, "without a question"),
        ("Es tut mir leid, dabei kann ich nicht helfen.", {}, "refused"),
        ("Je suis désolé, mais je ne peux pas répondre.", {}, "refused"),
        ("Lo siento, no puedo ayudar con eso.", {}, "refused"),
        ("К сожалению, я не могу помочь.", {}, "refused"),
        ("抱歉，我无法回答。", {}, "refused"),
        (json.dumps({"questions": ["I'm sorry, but I can't help with that."]}), {}, "refused"),
        ("<think>Okay, the user wants 1. Where", {}, "empty"),
        ("<think>Okay, the user wants 1. Where", {"cut": True}, "cut off while thinking"),
        (None, {"cut": True, "thought": True}, "cut off while thinking"),
        ("", {"cut": True}, "cut off"),
        ('{"questions": ["Where are pass', {"cut": True}, "cut off"),
        ("Where are passp", {"cut": True}, "cut off"),
        (DATA, {}, "repeated the prompt"),
        (TASK, {}, "repeated the prompt"),
        (f"{TASK}\n\n{DATA}", {}, "repeated the prompt"),
        (DATA[:80], {"cut": True}, "repeated the prompt"),
        ("Write whole questions, as one would ask a colleague.", {}, "repeated the prompt"),
        ("Certainly!", {}, "without a question"),
        ("N/A", {}, "without a question"),
        ("null", {}, "without a question"),
        ("No questions.", {}, "without a question"),
        ("I'm just a program and can't do that.", {}, "refused"),
        ("The passage does not contain enough information to write questions.", {}, "refused"),
        ("I don't see a passage. Please provide the text.", {}, "refused"),
        ('{"answer": "At the town hall."}', {}, "without a question"),
        ("x" * 400, {}, "too long"),
    ],
)
def test_a_reply_without_a_question_is_counted_once(
    reply: str | None, more: dict[str, bool], fault: str
) -> None:
    """It says what it held instead."""
    found = read(reply, told=(TASK, DATA), **more)  # type: ignore[arg-type]
    assert (found.texts, dict(found.dropped), found.repaired) == ((), {fault: 1}, frozenset())


def test_keywords_are_no_headings() -> None:
    """Items in bold without a question mark are kept; a heading over them is not."""
    reply = lines("**Keywords:**", "**1. passport renewal fee**", "**2. town hall opening hours**")
    assert read(reply).texts == ("passport renewal fee", "town hall opening hours")


def test_what_was_whole_before_the_end_is_kept() -> None:
    """Of a reply that was cut off only the last question is lost, in JSON and as lines."""
    for cut in (JSON[: JSON.index("bring")], lines("1. " + ASKED[0], "2. What do I br")):
        found = read(cut, cut=True)
        assert (found.texts, dict(found.dropped)) == (ASKED[:1], {"cut off": 1})
    assert read(lines(*ASKED), cut=True).texts == ASKED


def test_what_was_taken_away_is_told() -> None:
    """A reply in the form asked for needs no repair; others say which."""
    assert read(JSON).repaired == frozenset()
    assert read(f"<think>Hm</think>```json\n{JSON}\n```").repaired == {"thoughts", "fences"}
    assert read(f"Sure:\n1. {ASKED[0]}\n2. {ASKED[1]}").repaired == {"words around them", "list markers"}


def test_repeated_ones_and_the_question_itself_are_dropped() -> None:
    """The same words twice are one question; a wording is none of the question it was asked for."""
    found = read(json.dumps(["Where is it?", "where is IT", "In which place?"]), known="Where is it?")
    assert (found.texts, dict(found.dropped)) == (("In which place?",), {"the question itself": 2})
    found = read(json.dumps(["Where is it?", "Why is it?", "where is IT"]))
    assert (found.texts, dict(found.dropped)) == (("Where is it?", "Why is it?"), {"said twice": 1})


@pytest.mark.parametrize(
    "question",
    [
        "3.5 mm jack sizes",
        "2. Bundesliga table",
        "I cannot provide proof of address. What else can I send?",
        "Sorry, I can't find my badge. Where do I get another one?",
        "I can't answer the phone at work. What do I do?",
        "I can't log in and want to know how to reset it",
        "I'm sorry for your loss: which flowers fit?",
        "Here Technologies headquarters, where is it?",
        "Sure, but what if it rains?",
        "Is Okay Inc. listed?",
        "Would you like fries with that, who said it first?",
        "- 40 degrees, is it the same in both?",
        "What does <b> do in HTML?",
        "Note taking apps for students",
        "None of my cards work, why?",
        "V. S. Naipaul novels",
        "What is [1] in a bibliography?",
    ],
)
def test_questions_that_look_like_chatter_are_kept(question: str) -> None:
    """What somebody might ask is no greeting, refusal or marker because it begins as one."""
    assert (
        question.removeprefix("- ").removeprefix("2. ") in read(json.dumps({"questions": [question]})).texts
    )


def test_a_long_reply_is_read_in_time() -> None:
    """Brackets by the thousand, and lines by the thousand, are read within a moment."""
    assert read("[" * 40_000).texts == ()
    assert len(read("\n".join(f"{n}. Where is number {n}?" for n in range(1_500))).texts) == 1_500
