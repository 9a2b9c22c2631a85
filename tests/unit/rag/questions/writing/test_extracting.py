"""The extractive generator quotes the right sentences and keeps silent otherwise."""

import asyncio
from collections.abc import Sequence

import pytest

from rag.domain import Document, Ending, Hit, Passage, Prompt
from rag.ports import Encoder
from rag.questions.writing.citing import mentions
from rag.questions.writing.extracting import ExtractiveGenerator


def hits(*texts: str) -> tuple[Hit, ...]:
    """Return a hit for each text, best first."""
    found = []
    for rank, text in enumerate(texts, start=1):
        document = Document.create(uri=f"doc-{rank}", text=text)
        found.append(Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.5))
    return tuple(found)


def pieces(
    encoder: Encoder, question: str, found: Sequence[Hit], max_tokens: int | None = None
) -> list[str | Ending]:
    """Return everything it yields."""

    async def collect() -> list[str | Ending]:
        prompt = Prompt(question=question, hits=tuple(found), messages=(), max_tokens=max_tokens)
        return [piece async for piece in ExtractiveGenerator().stream(prompt, encoder=encoder)]

    return asyncio.run(collect())


def answer(encoder: Encoder, question: str, found: Sequence[Hit]) -> str:
    """Return the whole answer."""
    return "".join(piece for piece in pieces(encoder, question, found) if isinstance(piece, str))


def test_answer_quotes_the_nearest_sentence_with_its_rank(static_encoder: Encoder) -> None:
    """The sentence that answers comes first, quoted, and cites the passage it stands in."""
    found = hits(
        "Penguins are birds that live in the south. They cannot fly at all.",
        "The office opens on weekdays. The cafeteria serves lunch from noon until two o'clock.",
    )

    actual = answer(static_encoder, "When does the cafeteria serve lunch?", found)

    assert actual.startswith("“The cafeteria serves lunch from noon until two o'clock.” [2]")
    assert "Penguins" not in actual


def test_same_sentence_is_quoted_once(static_encoder: Encoder) -> None:
    """Overlapping passages do not make the answer repeat itself."""
    same = "The cafeteria serves lunch from noon until two o'clock."

    assert (
        answer(static_encoder, "When is lunch served in the cafeteria?", hits(same, same)) == f"“{same}” [1]"
    )


def test_silence_where_nothing_is_near(static_encoder: Encoder) -> None:
    """Without a sentence that is near the question it says nothing, and nothing without hits."""
    found = hits("Photosynthesis turns light into sugar within the leaves of plants.")

    assert answer(static_encoder, "What is the capital gains tax in Norway?", found) == ""
    assert answer(static_encoder, "Anything?", ()) == ""


def test_limit_on_tokens_cuts_after_a_word(static_encoder: Encoder) -> None:
    """The answer has no more tokens than asked for, says that it was cut, and is the uncut one's beginning."""
    found = hits("The cafeteria serves lunch from noon until two o'clock.")
    question = "When does the cafeteria serve lunch?"
    *whole, uncut = pieces(static_encoder, question, found)

    *cut, ending = pieces(static_encoder, question, found, max_tokens=5)

    assert isinstance(uncut, Ending)
    assert uncut.cut is False
    assert isinstance(ending, Ending)
    assert ending.cut is True
    text = "".join(piece for piece in cut if isinstance(piece, str))
    assert whole[0] == f"{text}{str(whole[0])[len(text) :]}"
    assert 0 < sum(static_encoder.count_tokens([text])) <= 5
    assert ending.completion_tokens == sum(static_encoder.count_tokens([text]))


def titled(*records: tuple[str, str], score: float = 0.3) -> tuple[Hit, ...]:
    """Return a hit for each (title, text), the first one near."""
    found = []
    for rank, (title, text) in enumerate(records, start=1):
        document = Document.create(uri=f"doc-{rank}", title=title, text=text)
        passage = Passage.create(document, 0, text)
        found.append(Hit(passage=passage, rank=rank, score=0.9 if rank == 1 else score))
    return tuple(found)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Can I bring a dog to the office?", "No."),
        ("When is the canteen open?", "Noon to two."),
        ("Who repairs the printer?", "Room 12."),
        ("Is there a bicycle cellar?", "Decided by your manager in writing each year."),
    ],
)
def test_a_title_that_asks_is_answered_by_its_text(static_encoder: Encoder, title: str, text: str) -> None:
    """However short it is, and however little it shares with the question."""
    others = ("How do I report a lost badge?", "Call 7788 and say your staff number to the guard on duty.")

    assert answer(static_encoder, title, titled((title, text), others)) == f"“{text}” [1]"


def test_a_heading_that_asks_is_answered_by_what_stands_below(static_encoder: Encoder) -> None:
    """The heading itself is no answer, nor is the next one's text."""
    found = hits("## When is the canteen open?\n\nNoon to two.\n\n## Who repairs the printer?\n\nRoom 12.")

    assert answer(static_encoder, "Who repairs the printer?", found) == "“Room 12.” [1]"


def test_a_code_is_answered_by_the_sentence_that_has_it(static_encoder: Encoder) -> None:
    """And by none about another code, however like it is."""
    found = hits(
        "# Pump errors\n\nE-1042: the filter is clogged; clean it.\n\nE-1043: the lid is open; close it."
    )

    assert (
        answer(static_encoder, "What does E-1042 mean?", found)
        == "“E-1042: the filter is clogged; clean it.” [1]"
    )
    assert answer(static_encoder, "E 1043", found) == "“E-1043: the lid is open; close it.” [1]"


def test_a_section_on_a_code_is_about_it(static_encoder: Encoder) -> None:
    """What stands below its heading, though it does not name it again."""
    found = hits(
        "## E-1042\n\nThe filter is clogged and has to be cleaned.\n\n"
        "## E-1043\n\nThe lid is open and has to be closed."
    )

    assert (
        answer(static_encoder, "What does E-1043 mean?", found)
        == "“The lid is open and has to be closed.” [1]"
    )


@pytest.mark.parametrize(
    ("question", "text", "expected", "other"),
    [
        (
            "Можно ли приводить собаку в офис?",
            "Отпуск длится двадцать дней. Больничный лист сдают в четверг. Собаки в офисе разрешены по пятницам.",
            "Собаки в офисе разрешены по пятницам.",
            "Больничный",
        ),
        ("年假有多少天？", "报销发票必须在三十天内提交。年假每年二十天。", "年假每年二十天。", "发票"),
        ("会議室はどこですか？", "休暇は二十日です。会議室は二階です。", "会議室は二階です。", "休暇"),
        (
            "متى تفتح المكتبة؟",
            "الغرفة في الطابق الثاني. تفتح المكتبة في التاسعة صباحا.",
            "تفتح المكتبة في التاسعة صباحا.",
            "الغرفة",
        ),
    ],
)
def test_languages_that_the_encoder_cannot_read(
    static_encoder: Encoder, question: str, text: str, expected: str, other: str
) -> None:
    """The sentence that shares the question's words is quoted, and not its neighbours."""
    said = answer(static_encoder, question, hits(text))

    assert expected in said
    assert other not in said


def test_a_quote_is_readable(static_encoder: Encoder) -> None:
    """Its letters are plain, whatever shapes the document has; the citation still finds them there."""
    text = "The chief oﬃcer ﬁles the ﬁnal pro\u00adﬁle on the ﬁfth ﬂoor."
    found = hits(text)

    said = answer(static_encoder, "Where does the chief officer file the final profile?", found)

    assert said == "“The chief officer files the final profile on the fifth floor.” [1]"
    assert [each.quote for each in mentions(said, found)] == [text]


def test_a_row_is_quoted_with_the_names_of_its_columns(static_encoder: Encoder) -> None:
    """No pipes, dashes, bullets or marks of headings stand in an answer."""
    found = hits(
        "# Rooms\n\nPrices of rooms:\n\n| Room | Season | Price in crowns |\n|---|:-:|--:|\n| Suite | Summer | 310 |\n"
        "| Suite | Winter | 190 |\n| Single<br>with bath | Spring | 120 |\n\n- Breakfast is included in every room.\n"
    )

    actual = answer(static_encoder, "What does the Suite cost in Winter?", found)

    assert "“Room: Suite; Season: Winter; Price in crowns: 190” [1]" in actual
    assert [mark for mark in ("|", "#", "---", "- ") if mark in actual] == []


@pytest.mark.parametrize("question", ["E–1042", "Ｅ１０４２", "Е-1042"])
def test_a_code_alone_is_found_in_whatever_letters(static_encoder: Encoder, question: str) -> None:
    """Signs that are not ASCII make a code no question in a language that the encoder cannot read."""
    found = hits("E1042: the filter is clogged. E1043: the lid is open.")

    assert "clogged" in answer(static_encoder, question, found)


HANDBOOK = (
    "The canteen stands beside the north gate. It was built by Dr. Ilse Brandt in 1998. Lunch is served to all who "
    "work here. Guests pay at the desk. A meal costs nine euros. The garden behind the canteen is open in summer."
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who built the canteen?", "Dr. Ilse Brandt"),
        ("When was the canteen built?", "in 1998"),
        ("How much does a meal in the canteen cost?", "nine euros"),
        ("Where does the canteen stand?", "beside the north gate"),
    ],
)
def test_the_quote_has_what_the_question_word_asks_for(
    static_encoder: Encoder, question: str, expected: str
) -> None:
    """A name, a time, a number, a place."""
    assert expected in answer(static_encoder, question, hits(HANDBOOK))


def test_what_a_pronoun_stands_for_is_quoted_with_it(static_encoder: Encoder) -> None:
    """Sentences side by side are one quote, and its mark leads to both."""
    text = (
        "The appendix is a small organ like a tube. It lies in the lower right of the belly. "
        "Nobody knows why we have it."
    )
    found = hits(text, "Kidneys filter the blood. There are two of them in the back.")

    said = answer(static_encoder, "Where is the appendix?", found)

    assert said.startswith(
        "“The appendix is a small organ like a tube. It lies in the lower right of the belly."
    )
    assert mentions(said, found)[0].quote.startswith("The appendix is a small organ like a tube. It lies")


def test_the_clause_that_answers_is_quoted_of_a_long_sentence(static_encoder: Encoder) -> None:
    """What stands at its end is not cut off."""
    text = (
        "The association was founded by teachers of three schools, who met in the back room of an inn every second "
        "Thursday; its first aim was to buy books for children whose parents could not, and it collected newspapers "
        "to pay for them; later it opened a reading room in the mill, lent skates in winter, and ran a small press; "
        "the treasurer, a baker named Otto Lindqvist, kept the money of the association in a flour sack until 1931."
    )

    said = answer(static_encoder, "Who was the treasurer that kept the money?", hits(text))

    assert "Otto Lindqvist" in said
    assert len(said) < len(text)
    assert "Otto Lindqvist" in mentions(said, hits(text))[0].quote


def test_code_is_quoted_whole(static_encoder: Encoder) -> None:
    """With its lines, and its mark leads to all of it."""
    found = hits(
        '# Use\n\nOpen the cache like this:\n\n```python\nimport cache\nc = cache.open("main")\n```\n\nIt is fast.'
    )

    said = answer(static_encoder, "How do I open the cache?", found)

    assert '“import cache\nc = cache.open("main")” [1]' in said
    assert mentions(said, found)[0].quote == 'import cache\nc = cache.open("main")'


def test_an_answer_keeps_to_its_budget(static_encoder: Encoder) -> None:
    """However many sentences are as near as each other."""
    found = hits(
        *(f"The canteen serves lunch number {n} to the people of house {n} at noon." for n in range(5))
    )

    said = answer(static_encoder, "When does the canteen serve lunch?", found)

    assert len(said.split()) <= 90
    assert said.count("[") <= 4


def test_a_turn_of_a_chat_answers(static_encoder: Encoder) -> None:
    """Its lines are not one sentence."""
    chat = (
        "[09:02] mira: vpn is down again for me\n[09:03] tom: roll back to client 5.2 until friday\n"
        "[09:07] olga: lunch at noon?"
    )

    said = answer(static_encoder, "Which vpn client should I roll back to?", hits(chat))

    assert "client 5.2" in said
    assert "lunch" not in said


def test_title_in_the_text_is_no_answer(static_encoder: Encoder) -> None:
    """The first line of a plain file is its title, and is not quoted beside the answer."""
    document = Document.create(uri="gym.txt", text="Gym\n\nMembership is 10 euros a month.", title="gym")
    passage = Passage.create(document, 0, document.text)

    actual = answer(
        static_encoder, "How much does gym membership cost?", [Hit(passage=passage, rank=1, score=0.7)]
    )

    assert actual == "“Membership is 10 euros a month.” [1]"
