"""What a question word asks for, and whether a text has it."""

import pytest

from rag.text.expected import Kind, expected, stands_in


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When is it open?", Kind.TIME),
        ("At what time does it open?", Kind.TIME),
        ("The album came out when?", Kind.TIME),
        ("How long may I stay?", Kind.NUMBER),
        ("By how many points did they win?", Kind.NUMBER),
        ("Who repairs the printer?", Kind.NAME),
        ("In which city was she born?", Kind.PLACE),
        ("Wer repariert den Drucker?", Kind.NAME),
        ("In welchem Jahr war das?", Kind.TIME),
        ("Où est la gare ?", Kind.PLACE),
        ("¿Cuándo abre?", Kind.TIME),
        ("Сколько дней отпуск?", Kind.NUMBER),
        ("年假有多少天？", Kind.NUMBER),
        ("会議室はどこですか？", Kind.PLACE),
        ("What happens when it rains?", None),
        ("Was passiert, wenn ich gehe?", None),
        ("Tell me about dogs", None),
        ("", None),
    ],
)
def test_the_question_word_tells(question: str, kind: Kind | None) -> None:
    """Where it begins the question or ends it; elsewhere nothing is expected."""
    assert expected(question) == kind


@pytest.mark.parametrize(
    ("kind", "text", "question", "has"),
    [
        (Kind.NUMBER, "It costs 20 euros.", "How much is it?", True),
        (Kind.NUMBER, "It costs twenty euros.", "How much is it?", True),
        (Kind.NUMBER, "It costs a lot.", "How much is it?", False),
        (Kind.NUMBER, "Room 12 is free.", "How big is room 12?", False),  # the question has it
        (Kind.NUMBER, "年假每年二十天。", "年假有多少天？", True),
        (Kind.TIME, "We meet on Fridays.", "When do we meet?", True),
        (Kind.TIME, "We meet often.", "When do we meet?", False),
        (Kind.NAME, "It was Dr. Lee.", "Who was it?", True),
        (Kind.NAME, "It was late.", "Who was it?", False),
        (Kind.PLACE, "The doctor is in room seven.", "Where is the doctor?", True),
        (Kind.PLACE, "The doctor sleeps.", "Where is the doctor?", False),
        (Kind.NAME, "李先生。", "谁？", True),  # no capital letters that could tell
    ],
)
def test_a_text_has_what_is_asked_for(kind: Kind, text: str, question: str, has: bool) -> None:
    """Digits and words for numbers, days and months, names with a capital letter; what the question has is none."""
    assert stands_in(kind, text, question) is has
