"""Other wordings of questions: some to train on and, apart from them, some to test with."""

import hashlib
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import MappingProxyType
from uuid import NAMESPACE_URL, uuid5

from rag.errors import UpstreamFailed
from rag.text.wording import normal, words
from retrain.dataset.pairs import EXCERPTS
from retrain.dataset.wording import content_words, one_line
from retrain.dataset.writing import BudgetReached, Writing
from retrain.domain import EvalQuestion, Origin, TrainingPair

MOST_QUESTION_CHARS = 500
WORKERS = 4
"""Calls of the language model under way at the same time."""

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
    pairs: Sequence[TrainingPair], *, writing: Writing | None, count: int, seed: int, terse: bool = False
) -> list[TrainingPair]:
    """Return up to `count` other wordings of each pair's question, as pairs of the same passage, to train on.

    With a language model, its wordings. Without one, or where a call fails or the budget is spent: keywords alone, and
    other question words, chosen by the seed. A wording that stands among the questions already is left out.
    Where people ask tersely, keywords alone come first, also before what a language model writes. Deterministic as far
    as the language model is. Excerpts are no questions and are not reworded; neither are paraphrases.
    """
    taken = {(normal(pair.question), pair.passage_id) for pair in pairs}
    worth = [pair for pair in pairs if pair.origin is not Origin.PARAPHRASE and pair.kind not in EXCERPTS]
    about = {pair.question: pair.passage_text for pair in reversed(worth)}
    questions = dict.fromkeys(pair.question for pair in worth)
    rewordings = _reworded(questions, writing, count, lambda q: _forms(q, seed), about=about)
    made = []
    for pair in worth:
        fresh = 0
        first = _keywords(pair.question) if terse else []
        for wording in (*first, *rewordings.get(pair.question, ())):
            key = (normal(wording), pair.passage_id)
            if fresh < count and key not in taken:
                taken.add(key)
                fresh += 1
                made.append(replace(pair, question=wording, origin=Origin.PARAPHRASE, parent=pair.question))
    return made


def reword_for_testing(
    gate: Sequence[EvalQuestion], *, writing: Writing | None, count: int, seed: int
) -> list[EvalQuestion]:
    """Return up to `count` other wordings of each gate question: whether a candidate withstands how people write.

    They judge nothing by themselves and never train. Without a language model, or where it fails: the question as it is
    typed in haste (two letters swapped), as part of a chat message, and its topic words in another order: forms that
    training has none of.
    """
    if not count:
        return []
    asked = {normal(question.text) for question in gate}
    rewordings = _reworded(
        {question.text: None for question in gate}, writing, count, lambda q: _hasty_forms(q, seed)
    )
    made = []
    for question in gate:
        for wording in rewordings[question.text][:count]:
            if normal(wording) not in asked:
                name = str(uuid5(NAMESPACE_URL, f"whetstone:reworded:{question.id}:{normal(wording)}"))
                made.append(
                    replace(question, id=name, text=wording, origin=Origin.PARAPHRASE, parent=question.id)
                )
    return made


def _reworded(
    questions: Iterable[str],
    writing: Writing | None,
    count: int,
    forms: Callable[[str], list[str]],
    about: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, list[str]]:
    """Return each question's wordings, the model's where it has any."""
    found = {}
    for question, written in _written(list(questions), writing, count, about):
        usable = [one_line(text) for text in written if words(text) and len(text) <= MOST_QUESTION_CHARS]
        found[question] = usable or forms(question)
    return found


def _written(
    questions: Sequence[str], writing: Writing | None, count: int, about: Mapping[str, str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each question with what the model wrote; with nothing where it has failed or may not be asked."""
    if writing is None or not count:
        yield from ((question, ()) for question in questions)
        return

    def ask(question: str) -> Sequence[str]:
        try:
            return writing.paraphrases(question, count, about=about.get(question, ""))
        except (UpstreamFailed, BudgetReached):
            return ()

    with ThreadPoolExecutor(WORKERS, thread_name_prefix="rewording") as pool:
        yield from zip(questions, pool.map(ask, questions), strict=True)


def _hasty_forms(question: str, seed: int) -> list[str]:
    chance = random.Random(hashlib.sha256(f"hasty\0{seed}\0{question}".encode()).digest())
    core = one_line(question).rstrip(" ?!.")
    topic = content_words(core)
    longest = max(words(core), key=len, default="")
    forms = [f"hi, quick one: {core[:1].lower()}{core[1:]}, thanks"]
    if len(longest) >= 5:
        at = chance.randrange(1, len(longest) - 2)
        slip = longest[:at] + longest[at + 1] + longest[at] + longest[at + 2 :]
        forms.append(core.casefold().replace(longest, slip, 1))
    if len(topic) >= 3:
        forms.append(" ".join(reversed(topic)))
    different = list({normal(form): form for form in forms if normal(form) != normal(question)}.values())
    chance.shuffle(different)
    return different


def _forms(question: str, seed: int) -> list[str]:
    """Return the rule-made wordings of a question in an order that the seed decides."""
    core = one_line(question).rstrip(" ?!.")
    found = [*_keywords(question), *_question_words(core)]
    different = list({normal(form): form for form in found if normal(form) != normal(question)}.values())
    number = hashlib.sha256(f"{seed}\0{question}".encode()).digest()
    random.Random(number).shuffle(different)
    return different


def _keywords(question: str) -> list[str]:
    """Return the question as typed into a search box; nothing where that says too little."""
    topic = content_words(one_line(question).rstrip(" ?!."))
    return [" ".join(topic)] if len(topic) >= 2 else []


def _question_words(question: str) -> list[str]:
    """Return the question in other forms; a title or keywords become questions."""
    for form, others in _REWORDINGS:
        if match := re.fullmatch(form, question, flags=re.IGNORECASE):
            return [other.format(match[1]) for other in others]
    if re.match(
        r"(?:what|how|who|whom|whose|where|when|why|which|is|are|do|does|did|can|will)\b", question, re.I
    ):
        return [f"I would like to know {question[0].lower()}{question[1:]}"]
    return [f"what about {question}?", f"tell me about {question}", f"information on {question}"]
