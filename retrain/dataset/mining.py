"""Questions with a passage that answers them, from the log, the documents, a language model, and labels.

Positives are passages of the corpus, never text that a user or a model wrote. What is left out is counted
with its reason. Knows nothing of splits.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from rag.domain import Document, Feedback, Interaction, LabelledQuestion, Passage, Purpose
from rag.errors import UpstreamFailed
from retrain.dataset.wording import content_words, normal, one_line, without, words
from retrain.domain import EvalQuestion, Origin, TrainingPair
from retrain.ports import Progress, QuestionWriter

PassagesOf = Callable[[Collection[str]], Mapping[str, Sequence[Passage]]]
"""Gives document id -> its passages by position, as `DocumentStore.passages_of` does."""

FEWEST_QUESTION_WORDS = 3
FEWEST_PASSAGE_WORDS = 5
"""A passage that is left with fewer once its question is cut out of it teaches nothing."""
MOST_QUESTION_CHARS = 1_000
MOST_DOCUMENTS = 3
"""A heading that stands in more documents than this ("See also") says nothing by itself."""
FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the language model is taken to be down, and is asked no more."""
DOCUMENTS_AT_ONCE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class MinedPairs:
    """Pairs from one source, and what was left out."""

    pairs: tuple[TrainingPair, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)  # reason -> how many
    failures: int = 0  # calls of the language model that failed


@dataclass(frozen=True, kw_only=True, slots=True)
class MinedLabels:
    """Labelled questions by what they may be used for."""

    pairs: tuple[TrainingPair, ...]  # may train
    dev: tuple[EvalQuestion, ...]  # dev and gate; never train
    golden: tuple[EvalQuestion, ...]  # watched; neither train nor gate
    dropped: Mapping[str, int] = field(default_factory=dict)  # reason -> how many


def mine_log(
    interactions: Sequence[Interaction],
    feedback: Mapping[str, Sequence[Feedback]],
    passages: Mapping[str, Passage],
    *,
    principal_share: float,
) -> MinedPairs:
    """Give pairs that people confirmed.

    Each person's newest word on an interaction counts: the passage they said is right; else, where they
    did not rate the answer bad, the one they opened; else, where they rated it good, the first one cited.
    A bad rating alone gives no pair, and neither does a chat front end's own prompt. A follow-up counts as it was
    searched for: made to stand alone.

    No principal gives more than `principal_share` of the pairs, neither as the one who asked nor as the
    one who judged. With fewer principals than that allows for (three at a share of 0.25), they give equal
    parts at most; a single one gives all.

    Args:
        interactions: the log, of one tenant or several.
        feedback: interaction id -> its feedback, oldest first.
        passages: id -> passage of those that exist now.
        principal_share: 0 to 1.
    """
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], tuple[TrainingPair, str]] = {}
    for interaction in interactions:
        by_judge: dict[str, list[Feedback]] = defaultdict(list)
        for given in feedback.get(interaction.id, ()):
            by_judge[given.principal].append(given)
        for judge, said in by_judge.items():
            if interaction.auxiliary:
                dropped["a chat front end's own prompt"] += 1
                continue
            passage_id, origin_of_doubt = _confirmed(interaction, said)
            if passage_id is None:
                dropped[origin_of_doubt] += 1
                continue
            passage = passages.get(passage_id)
            if passage is None:
                dropped["the passage is gone"] += 1
            elif passage.tenant != interaction.tenant:
                dropped["the passage is another tenant's"] += 1
            elif pair := _pair(
                interaction.rewritten or interaction.question,
                passage,
                Origin.LOG,
                dropped,
                interaction.principal,
            ):
                key = (normal(pair.question), passage.id)
                dropped["the same question and passage"] += key in found
                found.setdefault(key, (pair, judge))
    kept = _capped(list(found.values()), principal_share)
    dropped["beyond a principal's share"] = len(found) - len(kept)
    return MinedPairs(pairs=tuple(pair for pair, _ in kept), dropped=_counts(dropped))


def _confirmed(interaction: Interaction, said: Sequence[Feedback]) -> tuple[str | None, str]:
    """Give the passage one person confirmed, or None and why."""
    rating = next((given.rating for given in reversed(said) if given.rating is not None), None)
    corrected = next((given.corrected_passage for given in reversed(said) if given.corrected_passage), None)
    clicked = next((given.clicked_passage for given in reversed(said) if given.clicked_passage), None)
    if corrected:
        return corrected, ""
    if rating is not None and rating < 0:
        return None, "rated bad without saying what is right"
    if clicked:
        return clicked, ""
    if rating is not None and rating > 0 and interaction.cited:
        return interaction.cited[0], ""
    return None, "no passage was confirmed"


def _capped(found: list[tuple[TrainingPair, str]], share: float) -> list[tuple[TrainingPair, str]]:
    """Leave out pairs, by a hash, until no asker and no judge gives more than the share."""
    while True:
        before = len(found)
        found = _cap(found, [pair.principal for pair, _ in found], share)
        found = _cap(found, [judge for _, judge in found], share)
        if len(found) == before:
            return found


def _cap(
    found: list[tuple[TrainingPair, str]], owners: Sequence[str], share: float
) -> list[tuple[TrainingPair, str]]:
    counts = Counter(owners)
    if not counts:
        return found
    share = max(share, 1 / len(counts))
    most = max(counts.values())
    # One pair in hand for rounding: 3 * (1 / 3) is 1 only by luck.
    while most and most > share * sum(min(count, most) for count in counts.values()) + 1e-9:
        most -= 1
    places: dict[str, list[int]] = defaultdict(list)
    for place, owner in enumerate(owners):
        places[owner].append(place)
    kept = {
        place
        for mine in places.values()
        for place in sorted(mine, key=lambda p: _order(found[p][0].question, found[p][0].passage_id))[:most]
    }
    return [item for place, item in enumerate(found) if place in kept]


def mine_documents(
    documents: Iterable[Document], passages_of: PassagesOf, *, limit: int, seed: int
) -> MinedPairs:
    """Give summaries, titles and headings as questions for the passages they stand over.

    No language model is needed. Where the question stands word for word in what is embedded of its
    passage, it is cut out of the pair's text. Names of fewer than three words are left out, unless they
    are titles of two.

    Args:
        documents: where from.
        passages_of: gives their passages.
        limit: most passages that questions are mined from.
        seed: of the order that documents are taken in.
    """
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], TrainingPair] = {}
    mined_from: set[str] = set()
    ordered = iter(sorted(documents, key=lambda document: _order(str(seed), document.id)))
    while len(mined_from) < limit and (batch := list(islice(ordered, DOCUMENTS_AT_ONCE))):
        passages = passages_of([document.id for document in batch])
        for document in batch:
            if len(mined_from) >= limit:
                break
            for question, passage in _written_over(document, passages.get(document.id, ()), dropped):
                if pair := _pair(question, passage, Origin.DOCUMENT, dropped):
                    key = (normal(pair.question), passage.id)
                    dropped["the same question and passage"] += key in found
                    found.setdefault(key, pair)
                    mined_from.add(passage.id)
    spread: dict[str, set[str]] = defaultdict(set)
    for pair in found.values():
        spread[normal(pair.question)].add(pair.document_id)
    kept = [pair for pair in found.values() if len(spread[normal(pair.question)]) <= MOST_DOCUMENTS]
    dropped["stands over several documents"] = len(found) - len(kept)
    return MinedPairs(pairs=tuple(kept), dropped=_counts(dropped))


def _written_over(
    document: Document, passages: Sequence[Passage], dropped: Counter[str]
) -> Iterator[tuple[str, Passage]]:
    """Yield what the document says a passage is about, with the passage."""
    if not passages:
        dropped["the document has no passage"] += 1
        return
    summary, title = document.metadata.get("summary", ""), document.title
    for text, fewest in ((summary, FEWEST_QUESTION_WORDS), (title, 2)):
        if not words(text):
            continue
        if len(words(text)) >= fewest:
            yield text, passages[0]
        else:
            dropped["a mere name"] += 1
    for heading, body in _sections(document.text):
        if normal(heading) == normal(title):
            continue
        if len(words(heading)) < FEWEST_QUESTION_WORDS:
            dropped["a mere name"] += 1
        elif (passage := _holding(passages, heading, body)) is None:
            dropped["no passage under the heading"] += 1
        else:
            yield heading, passage


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield Markdown headings that have text right under them, with its first line."""
    heading, fenced = "", False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if not fenced and (match := re.match(r"#{1,6}[ \t]+(.+?)[ \t#]*$", line)):
            heading = re.sub(r"[*_`]", "", match[1])
        elif heading and words(line):
            yield heading, line
            heading = ""


def _holding(passages: Sequence[Passage], heading: str, body: str) -> Passage | None:
    """Give the passage that the body's first words stand in, best one that also names the heading."""
    start = one_line(body)[:60].casefold()
    holding = [passage for passage in passages if start in one_line(passage.text).casefold()]
    named = [p for p in holding if f" {normal(heading)} " in f" {normal(p.embedded_text)} "]
    return next(iter(named or holding), None)


def mine_llm(
    passages: Sequence[Passage],
    writer: QuestionWriter,
    *,
    count: int,
    limit: int,
    progress: Progress,
    workers: int = 4,
) -> MinedPairs:
    """Let a language model write questions for passages. A call that fails costs its passage, never the run.

    Args:
        passages: what to write about, the most wanted first.
        writer: the model.
        count: questions for one passage.
        limit: most passages that are taken.
        progress: called after each passage.
        workers: calls under way at the same time.
    """
    chosen = passages[:limit]
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], TrainingPair] = {}
    failures = in_a_row = 0

    def ask(passage: Passage) -> list[str] | UpstreamFailed:
        try:
            return writer.questions(passage, count)
        except UpstreamFailed as error:
            return error

    pool = ThreadPoolExecutor(workers, thread_name_prefix="question-writer")
    try:
        for done, (passage, written) in enumerate(zip(chosen, pool.map(ask, chosen), strict=True), start=1):
            if isinstance(written, UpstreamFailed):
                failures, in_a_row = failures + 1, in_a_row + 1
                dropped["the language model failed"] += 1
                if in_a_row >= FAILURES_IN_A_ROW:
                    dropped["not asked: the language model kept failing"] = len(chosen) - done
                    break
                written = []
            else:
                in_a_row = 0
            for question in written[:count]:
                if len(words(question)) < FEWEST_QUESTION_WORDS:
                    dropped["too short"] += 1
                elif pair := _pair(question, passage, Origin.LLM, dropped):
                    key = (normal(pair.question), passage.id)
                    dropped["the same question and passage"] += key in found
                    found.setdefault(key, pair)
            progress(done, len(chosen), "asking the language model")
    finally:
        pool.shutdown(cancel_futures=True)
    return MinedPairs(pairs=tuple(found.values()), dropped=_counts(dropped), failures=failures)


def mine_labels(questions: Sequence[LabelledQuestion], passages_of: PassagesOf) -> MinedLabels:
    """Sort labelled questions by their purpose.

    A label names documents. One that may train gives a pair with one passage of each: the one that shares
    the most topic words with the question, the first of those.
    """
    dropped: Counter[str] = Counter()
    passages = passages_of(frozenset[str]().union(*(question.documents for question in questions)))
    pairs: dict[tuple[str, str], TrainingPair] = {}
    held: dict[Purpose, list[EvalQuestion]] = {Purpose.DEV: [], Purpose.GOLDEN: []}
    for question in questions:
        answers = {
            document: [passage for passage in passages.get(document, ()) if passage.tenant == question.tenant]
            for document in sorted(question.documents)
        }
        there = {document: some for document, some in answers.items() if some}
        if not there:
            dropped["its documents are gone"] += 1
        elif question.purpose is Purpose.TRAIN:
            for some in there.values():
                passage = _closest(question.text, some)
                if pair := _pair(question.text, passage, Origin.LABEL, dropped):
                    key = (normal(pair.question), passage.id)
                    dropped["the same question and passage"] += key in pairs
                    pairs.setdefault(key, pair)
        else:
            held[question.purpose].append(
                EvalQuestion(
                    id=question.id,
                    text=question.text,
                    relevant=frozenset(passage.id for some in there.values() for passage in some),
                    documents=frozenset(there),
                    origin=Origin.LABEL,
                )
            )
    return MinedLabels(
        pairs=tuple(pairs.values()),
        dev=tuple(held[Purpose.DEV]),
        golden=tuple(held[Purpose.GOLDEN]),
        dropped=_counts(dropped),
    )


def _closest(question: str, passages: Sequence[Passage]) -> Passage:
    topic = set(content_words(question))
    return max(passages, key=lambda passage: len(topic.intersection(words(passage.embedded_text))))


def _pair(
    question: str, passage: Passage, origin: Origin, dropped: Counter[str], principal: str = ""
) -> TrainingPair | None:
    """Make a pair, or count why not."""
    question = one_line(question)
    if not words(question):
        dropped["blank"] += 1
        return None
    if len(question) > MOST_QUESTION_CHARS:
        dropped["too long"] += 1
        return None
    text = without(passage.embedded_text, question)
    if len(words(text)) < FEWEST_PASSAGE_WORDS:
        dropped["hardly any text beside the question"] += 1
        return None
    return TrainingPair(
        question=question,
        passage_id=passage.id,
        document_id=passage.document_id,
        passage_text=text,
        origin=origin,
        principal=principal,
    )


def _order(*parts: str) -> str:
    """Give a number, as text, that is arbitrary and always the same."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _counts(dropped: Counter[str]) -> dict[str, int]:
    return {reason: count for reason, count in sorted(dropped.items()) if count}
