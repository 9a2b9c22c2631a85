"""Questions a language model writes."""

from rag.domain import Document, Passage
from rag.errors import UpstreamFailed, UpstreamTimeout
from retrain.dataset.language_model import mine_llm
from retrain.domain import Origin


def _passage(uri: str, text: str = "Some text of a few more words here.", tenant: str = "default") -> Passage:
    return Passage.create(Document.create(uri=uri, text=text, tenant=tenant), 0, text)


class _Writer:
    """Writes two questions about every passage; fails where the passage says so."""

    def __init__(self) -> None:
        self.asked = 0

    def questions(self, passage: Passage, count: int) -> list[str]:
        self.asked += 1
        if "fails" in passage.text:
            raise UpstreamFailed
        if "hangs" in passage.text:
            raise UpstreamTimeout
        return [
            f"What does {passage.uri} say?",
            f"what does {passage.uri} say",
            "Why?",
            "One more than asked for",
        ][:count]

    def paraphrases(self, question: str, count: int) -> list[str]:
        raise NotImplementedError


def test_a_failing_call_never_stops_the_run() -> None:
    """Failures are counted, the other passages are asked about, and progress goes to the end."""
    passages = [
        _passage("a"),
        _passage("b", "This one fails, whatever is asked."),
        _passage("c", "This one hangs, whatever is asked."),
        _passage("d"),
    ]
    seen: list[tuple[int, int]] = []
    mined = mine_llm(
        passages, _Writer(), count=3, limit=10, progress=lambda done, total, _: seen.append((done, total))
    )
    assert [(pair.question, pair.origin) for pair in mined.pairs] == [
        ("What does a say?", Origin.LLM),
        ("What does d say?", Origin.LLM),
    ]
    assert mined.failures == 2
    assert mined.dropped == {
        "the language model failed": 2,
        "the same question and passage": 2,
        "too short": 2,
    }
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_model_that_is_down_is_not_asked_for_ever() -> None:
    """After ten failures in a row the rest is left out, and counted."""
    passages = [_passage(f"p{n}", f"This one fails, number {n}.") for n in range(200)]
    writer = _Writer()
    mined = mine_llm(passages, writer, count=1, limit=150, progress=lambda *_: None)
    assert mined.dropped == {
        "not asked: the language model kept failing": 140,
        "the language model failed": 10,
    }
    assert mined.failures == 10


def test_positives_are_passages_of_the_corpus() -> None:
    """A pair's text is the passage's, not the model's."""
    passage = _passage("a")
    mined = mine_llm([passage], _Writer(), count=1, limit=1, progress=lambda *_: None)
    assert [pair.passage_text for pair in mined.pairs] == [passage.embedded_text]
