"""The extractive generator quotes the right sentences and keeps silent otherwise."""

import asyncio
from collections.abc import Sequence

from rag.adapters.extractive import ExtractiveGenerator, sentences
from rag.domain import Document, Hit, Passage, Prompt
from rag.ports import Encoder


def hits(*texts: str) -> tuple[Hit, ...]:
    """Give a hit for each text, best first."""
    found = []
    for rank, text in enumerate(texts, start=1):
        document = Document.create(uri=f"doc-{rank}", text=text)
        found.append(Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.5))
    return tuple(found)


def answer(encoder: Encoder, question: str, found: Sequence[Hit]) -> str:
    """Give the whole answer."""

    async def collect() -> str:
        prompt = Prompt(question=question, hits=tuple(found), messages=())
        return "".join([piece async for piece in ExtractiveGenerator().stream(prompt, encoder=encoder)])

    return asyncio.run(collect())


def test_sentences_keep_abbreviations_together() -> None:
    """Abbreviations, initials and numbers end no sentence; blank lines and list items do."""
    text = "Use it, e.g. Like this. See Fig. 3 by J. Smith.\nIt costs 3.5 euros! Done?\n\nNext\n- one\n- two"

    assert sentences(text) == [
        "Use it, e.g. Like this.",
        "See Fig. 3 by J. Smith.",
        "It costs 3.5 euros!",
        "Done?",
        "Next",
        "- one",
        "- two",
    ]


def test_sentences_lose_no_words() -> None:
    """Whatever the text, every word comes out once and in order."""
    text = 'He said: "Stop." (She did not.) Then A. B. Cee spoke... "Why?" 42 times.\n\n\n* End'

    assert " ".join(sentences(text)).split() == text.split()


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
