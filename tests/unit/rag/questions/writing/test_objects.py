"""An answer in JSON reaches its reader valid and as it was written."""

import json

import pytest

from rag.questions.writing.objects import ObjectAlone

OBJECT = '{"when": "from \\"noon\\" {on} [1]", "places": [{"counter": 2}], "back\\\\": null}'


def alone(text: str, size: int) -> str:
    """Return what is passed on of a text that comes in pieces of so many characters."""
    reading = ObjectAlone()
    return "".join(reading.feed(text[at : at + size]) for at in range(0, len(text), size)) + reading.rest()


@pytest.mark.parametrize(
    "said",
    [
        OBJECT,
        f"```json\n{OBJECT}\n```",
        f"Sure! Here is the JSON:\n\n{OBJECT}\n\nLet me know if you need more {{of it}}.",
        f"<think>Is it {{1}}?</think>\n{OBJECT}",
        f"{OBJECT}\n{OBJECT}",
    ],
)
def test_the_object_is_passed_on_untouched(said: str) -> None:
    """Whatever stands around it, and whatever pieces it comes in."""
    assert {OBJECT} == {alone(said, size) for size in (1, 2, 5, len(said))}
    assert json.loads(alone(said, 3))["places"] == [{"counter": 2}]


def test_what_is_no_object_is_passed_on_as_it_is() -> None:
    """A refusal in words stays one; a cut object stays cut."""
    assert alone("I cannot do that.", 4) == "I cannot do that."
    assert alone(OBJECT[:20], 4) == OBJECT[:20]
