"""An answer that says nothing is told from one that does."""

import time

import pytest

from rag.questions.writing.refusing import abstains, is_courtesy, says_nothing


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  ",
        "[1]",
        "The documents do not say.",
        ' "the documents do not say" ',
        "The provided passages do not contain information about the canteen's prices.",
        "The passages do not mention the price [1][2].",
        "There is no mention of parking in the passages.",
        "None of the passages answer this question.",
        "The opening hours are not mentioned in the passages.",
        "I could not find the answer in the documents.",
        "I don't know.",
        "I'm sorry, but I can't help with that.",
        "I'm sorry, but the documents do not say.",
        "I cannot assist with this request.",
        "As an AI language model, I am unable to provide medical advice.",
        "I apologize, but I'm not able to create content about this topic.",
        "Unfortunately, the passages do not say. Let me know if you need anything else!",
        "The passages don't specify when it opens. You may want to contact the office.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Die Dokumente enthalten dazu keine Informationen.",
        "Die Passagen sagen das nicht.",
        "Les documents ne le disent pas.",
        "Los documentos no lo dicen.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Документы не содержат ответа.",
        "文档中没有提到这一点。",
    ],
)
def test_nothing_said_is_an_abstention(answer: str) -> None:
    """Empty, refused, or only that the documents do not say: in whatever words and language."""
    assert abstains(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "Noon [1].",
        "No.",
        "The documents do not say how, but [1] says why.",
        "The passages do not say when it opens, but lunch is served at noon [1].",
        "The passages do not say. Lunch is at noon [2].",
        "The policy does not include pets [1].",
        "The documents do not contain personal data [1].",
        "The documents do not need to be certified [1].",
        "No information is passed on to third parties [1].",
        "You cannot enter without a badge [1].",
        "We cannot accept refunds after 30 days [1].",
        "I'm sorry to hear that. Ask for a new badge at the gate [1].",
        "Documents must not be copied [1].",
        "Die Dokumente müssen nicht beglaubigt werden [1].",
        "Les documents ne doivent pas être signés [1].",
        "The canteen is closed; there are no meals [1].",
    ],
)
def test_a_no_is_an_answer(answer: str) -> None:
    """What says something, be it a refusal of something else, is an answer."""
    assert not abstains(answer)


def test_courtesies_are_known() -> None:
    """They state nothing; an instruction does."""
    assert is_courtesy("Let me know if you need anything else!")
    assert is_courtesy("I hope this helps.")
    assert not is_courtesy("If you need a badge, go to gate 4.")
    assert not is_courtesy("Ask Mr. Miller for a key.")


def test_a_sentence_without_an_end_is_read_in_time() -> None:
    """Small models repeat themselves until they are stopped; that says something, however senseless."""
    began = time.perf_counter()
    assert not says_nothing("the " * 50_000)
    assert not says_nothing("<passage " * 20_000)
    assert time.perf_counter() - began < 1
