"""What a model thinks aloud is told from what it answers."""

import pytest

from rag.text.thoughts import without_thoughts

ANSWER = "It is open on Sundays [1]."


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        f"<think>Is it? [9]</think>{ANSWER}",
        f"<think>\nIs it?\n\nNo.\n</think>\n\n{ANSWER}",
        f"Is it? Yes.\n</think>\n\n{ANSWER}",
        f"<THINKING>Is it?</THINKING>{ANSWER}",
        f"<reasoning>Is it?</reasoning>{ANSWER}<thought>Good.</thought>",
        f"<think>One.</think><think>Two.</think>{ANSWER}",
        f"<think>One <think>within</think> another.</think>{ANSWER}",
        f"[THINK]Is it?[/THINK]{ANSWER}",
        f"<|channel|>analysis<|message|>Is it?<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"{ANSWER}\n<think>Was that right? And then",
        f"{ANSWER}<|im_end|>",
        f"{ANSWER}</s>",
    ],
)
def test_the_answer_is_left(text: str) -> None:
    """Thoughts before, after and within each other are gone, and so are a chat template's own marks."""
    assert without_thoughts(text) == ANSWER


@pytest.mark.parametrize("text", ["<think>Is it open", "<think>", "<|channel|>analysis<|message|>Is it", ""])
def test_nothing_but_thoughts_is_nothing(text: str) -> None:
    """A thought that never ends leaves no answer."""
    assert without_thoughts(text) == ""


def test_other_tags_stay() -> None:
    """Only the tags of thoughts are known; what a text says of HTML or of thinking is left as it is."""
    text = "Use <b>bold</b> where you think: a < b, and <thinker> is no tag."
    assert without_thoughts(text) == text
