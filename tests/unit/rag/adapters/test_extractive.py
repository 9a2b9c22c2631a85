"""The extractive generator quotes the right sentences and keeps silent otherwise."""

import asyncio
from collections.abc import Sequence

from rag.adapters.extractive import ExtractiveGenerator
from rag.domain import Document, Ending, Hit, Passage, Prompt
from rag.ports import Encoder


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


def test_a_row_is_quoted_with_the_names_of_its_columns(static_encoder: Encoder) -> None:
    """No pipes, dashes, bullets or marks of headings stand in an answer."""
    found = hits(
        "# Rooms\n\nPrices of rooms:\n\n| Room | Season | Price in crowns |\n|---|:-:|--:|\n| Suite | Summer | 310 |\n"
        "| Suite | Winter | 190 |\n| Single<br>with bath | Spring | 120 |\n\n- Breakfast is included in every room.\n"
    )

    actual = answer(static_encoder, "What does the Suite cost in Winter?", found)

    assert "“Room: Suite; Season: Winter; Price in crowns: 190” [1]" in actual
    assert [mark for mark in ("|", "#", "---", "- ") if mark in actual] == []
