"""What a language model wrote is a question about its passage, or it is said why not."""

import pytest

from retrain.dataset.replies.checking import fault_of_question, fault_of_wording
from retrain.domain import QuestionStyle

PASSAGE = (
    "Passports\nPassports are renewed at the town hall. It costs 30 euros for adults, and takes three weeks as a rule. "
    "Bring the old one and a photograph. How do I renew it by post? Send form 12 to the office with both."
)
NATURAL, KEYWORD, SITUATION = QuestionStyle.NATURAL, QuestionStyle.KEYWORD, QuestionStyle.SITUATION


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("Where are passports renewed?", NATURAL),
        ("How do I renew it by post?", NATURAL),
        ("how much does an adult pay", NATURAL),
        ("In which office do I get a passport", NATURAL),
        ("Tell me what a passport costs.", NATURAL),
        ("I would like to know what a passport costs.", NATURAL),
        ("If I move abroad what happens to my passport", NATURAL),
        ("Best way to get a passport", NATURAL),
        ("passport renewal fee", KEYWORD),
        ("renew passport by post form 12 office", KEYWORD),
        ("How do I renew a passport by post when I live abroad and nobody can come for me", KEYWORD),
        ("I lost my passport and need another one before I travel next month.", SITUATION),
        ("My passport has run out. What do I do?", SITUATION),
        ("Ich habe meinen Pass verloren", KEYWORD),
    ],
)
def test_questions_are_kept(text: str, style: QuestionStyle) -> None:
    """As they are asked in their style, with a question mark or without, and where the passage asks the same."""
    passage = (
        PASSAGE
        if "Pass " not in text
        else "Pass\nIch habe meinen Pass verloren, was nun? Melden Sie es im Rathaus."
    )
    assert fault_of_question(text, passage=passage, style=style) is None


@pytest.mark.parametrize(
    ("text", "style", "fault"),
    [
        ("Why so?", NATURAL, "too short"),
        ("passport", KEYWORD, "too short"),
        ("Wo kann ich meinen Pass verlängern?", NATURAL, "in another language"),
        ("wniosek o paszport złożyć urząd", KEYWORD, "in another language"),
        ("What does the passage say about fees?", NATURAL, "named the text"),
        ("According to the text, what is the fee?", NATURAL, "named the text"),
        ("Which fee is mentioned in the article?", NATURAL, "named the text"),
        ("What is this text about?", NATURAL, "named the text"),
        ("What is explained in this section?", NATURAL, "named the text"),
        ("Which document is described above?", NATURAL, "named the text"),
        ("Based on the provided context, what is the fee?", NATURAL, "named the text"),
        ("What does the author recommend to bring?", NATURAL, None),
        ("What does the author say about photographs?", NATURAL, "named the text"),
        ("passage town hall fee", KEYWORD, None),
        ("Passports are renewed at the town hall.", NATURAL, "repeated the passage"),
        ("It costs 30 euros for adults, and takes three weeks?", NATURAL, "repeated the passage"),
        ("It costs 30 euros for adults, and takes three weeks as a rule", KEYWORD, "repeated the passage"),
        ("The office renews passports for everybody who asks", NATURAL, "no questions"),
        ("Renewal at the office needs both documents.", NATURAL, "no questions"),
        ("The fee is set by the state.", KEYWORD, "no questions"),
        ("The office renews passports for everybody who asks", KEYWORD, "no questions"),
        ("Renewal needs the old document and a recent photograph.", SITUATION, "no questions"),
        ("The office which is in the town hall renews passports.", SITUATION, "no questions"),
    ],
)
def test_what_is_no_question_has_a_fault(text: str, style: QuestionStyle, fault: str | None) -> None:
    """Statements, copies, other languages, and questions that nobody could ask who has not read the passage."""
    assert fault_of_question(text, passage=PASSAGE, style=style) == fault


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("What may the text of a message hold?", "Messages\nThe text of a message has 160 characters at most."),
        ("How long is the text message?", "Messages\nThey have 160 characters at most."),
        ("When was the passage of the bill?", "The bill\nIts passage through both houses took a year."),
        ("What follows from Article 5 of the contract?", "Contract\nArticle 5: either side may end it."),
        ("What is forbidden in the article 5 of the act?", "The act\nArticle 5 forbids what harms others."),
        ("Was gilt nach dem Artikel 5?", "Gesetz\nNach Artikel 5 gilt, was in der Verfassung steht."),
        ("Where is the nasal passage?", "The nose\nAir goes through it to the throat."),
        ("Which documents do I need?", "Visa\nYou need documents that say who you are."),
        ("How do I turn text into speech?", "Reader\nIt speaks what is written."),
    ],
)  # fmt: skip
def test_texts_may_be_asked_about(text: str, passage: str) -> None:
    """Messages, laws and documents are matters of their own; only speaking of the passage is a fault."""
    assert fault_of_question(text, passage=passage, style=NATURAL) is None


@pytest.mark.parametrize(
    ("text", "passage", "fault"),
    [
        ("护照在哪里更新?", "护照\n护照在市政厅更新。成人费用为30欧元。", None),
        ("成人费用为30欧元。", "护照\n护照在市政厅更新。成人费用为30欧元。", "no questions"),
        ("护照在市政厅更新。成人费用为30欧元", "护照\n护照在市政厅更新。成人费用为30欧元。", "repeated the passage"),
        ("这篇文章说费用是多少?", "护照\n护照在市政厅更新。成人费用为30欧元。", "named the text"),
        ("Laut dem Text, was kostet es?", "Pass\nDer Pass kostet 30 Euro, und er ist bar zu zahlen.", "named the text"),
        ("Что говорится в тексте о пошлине?", "Паспорт\nПошлина для взрослых составляет 30 евро.", "named the text"),
    ],
)  # fmt: skip
def test_other_scripts_are_held_to_the_same(text: str, passage: str, fault: str | None) -> None:
    """Where there are no blanks between words too."""
    assert fault_of_question(text, passage=passage, style=NATURAL) == fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("travel document extension procedure", None),
        ("ways to get a passport extended", None),
        ("What steps are involved in renewing one's passport?", None),
        ("renew passport", None),
        ("I need my passport renewed, how do I go about it", None),
        ("You can renew it at the town hall.", "no questions"),
        ("You can have it renewed at the office", "no questions"),
        ("Passports are renewed by the office within three weeks.", "no questions"),
        ("Wie kann ich meinen Pass verlängern?", "in another language"),
        ("Как продлить паспорт?", "in another language"),
        ("What does the passage say about renewal?", "named the text"),
        ("It costs 30 euros for adults, and takes three weeks as a rule", "repeated the passage"),
    ],
)
def test_wordings_are_held_to_their_question(text: str, fault: str | None) -> None:
    """Another wording is no answer, in the question's language, and may be keywords."""
    assert fault_of_wording(text, question="How do I renew my passport?", about=PASSAGE) == fault


def test_a_wording_may_be_in_the_question_s_language_or_the_passage_s() -> None:
    """A German question of an English passage is reworded in German; a title too short to tell is the passage's."""
    assert fault_of_wording("Wo verlängere ich meinen Pass?", question="Wie kann ich meinen Pass verlängern?", about=PASSAGE) is None  # fmt: skip  # noqa: E501
    assert fault_of_wording("What do passports cost?", question="Passport fee", about=PASSAGE) is None
    assert fault_of_wording("¿Cuánto cuesta el pasaporte?", question="Passport fee", about=PASSAGE) == "in another language"  # fmt: skip  # noqa: E501
    assert fault_of_wording("Fee of a passport at the town hall.", question="The fee of passports.") is None
