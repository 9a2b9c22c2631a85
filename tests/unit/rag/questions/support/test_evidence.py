"""What is read of the hits for a question."""

import numpy as np

from rag.domain import Document, Hit, Passage
from rag.ports import Encoder
from rag.questions.support.evidence import read_evidence


def hit(text: str, rank: int = 1, title: str = "") -> Hit:
    """Return a hit of a document of its own."""
    document = Document.create(uri=f"doc-{rank}", text=text, title=title)
    return Hit(passage=Passage.create(document, 0, text), rank=rank, score=0.5)


def test_the_questions_vector_is_not_made_twice(static_encoder: Encoder) -> None:
    """Where it is known it is taken as it is."""
    vector = np.ones(static_encoder.dimension, dtype=np.float32)

    assert read_evidence("Anything?", [hit("Text.")], encoder=static_encoder, vector=vector).vector is vector


def test_a_bounded_number_of_statements_is_read(static_encoder: Encoder) -> None:
    """Those that have most to do with the question, in their order."""
    many = " ".join(f"Sentence {n} says nothing of interest to anybody at all." for n in range(60))
    evidence = read_evidence(
        "Who repairs the printer?", [hit(f"{many} Peter Ek repairs the printer.")], encoder=static_encoder
    )

    assert 16 == len(evidence.said) == len(evidence.vectors) == len(evidence.shared) == len(evidence.worth)
    assert "Peter Ek repairs the printer." == evidence.said[-1].text
    assert 60 == evidence.said[-1].at
    assert len(evidence.said) - 1 == int(np.argmax(evidence.worth))


def test_statements_are_read_with_title_and_heading(static_encoder: Encoder) -> None:
    """The title is cut where it is long."""
    evidence = read_evidence(
        "Travel?",
        [hit("# Trains\n\nThey come first in all of our trips.", title="Travel " * 40)],
        encoder=static_encoder,
    )

    assert f"{('Travel ' * 40)[:80]}\nTrains\nThey come first in all of our trips." == evidence.said[0].seen


def test_a_sentence_that_leans_is_weighed_with_the_one_before(static_encoder: Encoder) -> None:
    """The words of the question that it stands for count; those of a sentence in another line do not."""
    text = "The appendix is a small organ. It lies on the right side. Nobody needs it."
    row = "| part | price |\n|---|---|\n| appendix | 3 |\n| cover | 4 |"
    prose, table = (
        read_evidence("Where is the appendix?", [hit(each)], encoder=static_encoder) for each in (text, row)
    )

    assert prose.said[1].leans
    assert prose.worth[1] > 3.0 > prose.shared[1] == 0
    assert prose.said[1].joins == " "
    assert table.said[1].joins is None


def test_without_hits_nothing_is_read(static_encoder: Encoder) -> None:
    """Evidence of nothing is evidence too."""
    evidence = read_evidence("Anything?", [], encoder=static_encoder)

    assert () == evidence.said
    assert (0, static_encoder.dimension) == evidence.vectors.shape
