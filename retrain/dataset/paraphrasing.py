"""Other wordings of questions, to train on. Knows nothing of passages."""

import hashlib
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rag.errors import UpstreamFailed
from retrain.dataset.wording import content_words, normal, one_line, words
from retrain.domain import Origin, TrainingPair
from retrain.ports import QuestionWriter

MOST_QUESTION_CHARS = 500
FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the language model is taken to be down, and is asked no more."""

_REWORDINGS = (
    (r"what (?:is|are|was|were) (?:the )?(.+)", ("{0}", "explain {0}", "can you tell me what {0} means")),
    (
        r"how (?:do|can|should|would|could) (?:i|we|you|one) (.+)",
        ("how to {0}", "steps to {0}", "way to {0}"),
    ),
    (r"how to (.+)", ("how do I {0}", "what is the way to {0}", "steps to {0}")),
    (r"(?:can|may) (?:i|we|you|one) (.+)", ("am I allowed to {0}", "is it possible to {0}")),
    (r"(?:am i|are we) allowed to (.+)", ("can I {0}", "is it possible to {0}")),
    (r"(?:do|does) (?:i|we) (?:need|have) to (.+)", ("must I {0}", "is it necessary to {0}")),
    (r"(?:should|must) (?:i|we) (.+)", ("do I need to {0}", "is it necessary to {0}")),
    (r"where (?:do|can|should) (?:i|we|you) (.+)", ("where to {0}", "place to {0}")),
    (r"when (?:do|can|should) (?:i|we|you) (.+)", ("when to {0}", "what time to {0}")),
    (r"why (?:is|are|do|does|did) (.+)", ("reason why {0}", "what is the reason that {0}")),
    (r"is there (?:a |an |any )?(.+)", ("are there any {0}", "does {0} exist")),
    (r"who (?:is|are|can) (.+)", ("which people are {0}", "person who is {0}")),
)
"""Question forms and what else they are asked as; {0} is what follows the question word."""


def paraphrase(
    pairs: Sequence[TrainingPair], *, writer: QuestionWriter | None, count: int, seed: int
) -> list[TrainingPair]:
    """Give up to `count` other wordings of each pair's question, as pairs of the same passage.

    With a language model, its wordings. Without one, or where a call fails: keywords alone, and other
    question words. No wording that stands among the questions already is given. Deterministic for a seed,
    as far as the language model is.

    Args:
        pairs: what to reword; paraphrases among them are passed over.
        writer: the language model, where there is one.
        count: wordings of one question; 0 gives none.
        seed: of the choice among forms.
    """
    taken = {(normal(pair.question), pair.passage_id) for pair in pairs}
    questions = {pair.question: None for pair in pairs if pair.origin is not Origin.PARAPHRASE}
    rewordings = dict(zip(questions, _reworded(questions, writer, count, seed), strict=True))
    made = []
    for pair in pairs:
        fresh = 0
        for wording in rewordings.get(pair.question, ()):
            key = (normal(wording), pair.passage_id)
            if fresh < count and key not in taken:
                taken.add(key)
                fresh += 1
                made.append(replace(pair, question=wording, origin=Origin.PARAPHRASE, parent=pair.question))
    return made


def _reworded(
    questions: Iterable[str], writer: QuestionWriter | None, count: int, seed: int
) -> Iterator[list[str]]:
    """Yield each question's wordings, the model's first."""
    in_a_row = 0
    for question in questions:
        written: list[str] = []
        if writer and count and in_a_row < FAILURES_IN_A_ROW:
            try:
                written = writer.paraphrases(question, count)
                in_a_row = 0
            except UpstreamFailed:
                in_a_row += 1
        usable = [one_line(text) for text in written if words(text) and len(text) <= MOST_QUESTION_CHARS]
        yield usable or _forms(question, seed)


def _forms(question: str, seed: int) -> list[str]:
    """Give the rule-made wordings of a question in an order that the seed decides."""
    core = one_line(question).rstrip(" ?!.")
    found = [form for form in (_keywords(core), *_question_words(core)) if form]
    different = list({normal(form): form for form in found if normal(form) != normal(question)}.values())
    number = hashlib.sha256(f"{seed}\0{question}".encode()).digest()
    random.Random(number).shuffle(different)
    return different


def _keywords(question: str) -> str:
    """Give the topic words, as typed into a search box; nothing where fewer than two are left."""
    topic = content_words(question)
    return " ".join(topic) if len(topic) >= 2 else ""


def _question_words(question: str) -> list[str]:
    """Give the question in other forms; a title or keywords become questions."""
    for form, others in _REWORDINGS:
        if match := re.fullmatch(form, question, flags=re.IGNORECASE):
            return [other.format(match[1]) for other in others]
    if re.match(
        r"(?:what|how|who|whom|whose|where|when|why|which|is|are|do|does|did|can|will)\b", question, re.I
    ):
        return [f"I would like to know {question[0].lower()}{question[1:]}"]
    return [f"what about {question}?", f"tell me about {question}", f"information on {question}"]
