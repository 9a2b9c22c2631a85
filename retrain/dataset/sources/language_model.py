"""Questions that a language model writes about passages, those first where it teaches the most."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

from rag.domain import Interaction, Passage
from rag.errors import UpstreamFailed
from rag.ports import Progress
from retrain.dataset.pairs import MinedPairs, counted, make_pair, take
from retrain.dataset.writing import BudgetReached, Writing
from retrain.domain import Origin, QuestionStyle, TrainingPair


def most_wanted(
    passages: Sequence[Passage],
    *,
    changed: Collection[str],
    drifted: Mapping[str, float],
    asked: Collection[str],
) -> list[Passage]:
    """Return the passages, those first that the encoder knows least about.

    In this order: those of documents that are new or changed since the last dataset; those that what people ask now is
    about more than before, the most so first (`drifted`: passage id -> how much more); those nobody asked about; the
    rest. Within each by a hash of the text.
    """

    def place(passage: Passage) -> tuple[bool, float, bool, str]:
        return (
            passage.document_id not in changed,
            -max(drifted.get(passage.id, 0.0), 0.0),
            passage.id in asked,
            passage.text_hash,
        )

    return sorted(passages, key=place)


def topics_drifted_to(before: Sequence[Interaction], now: Sequence[Interaction]) -> dict[str, float]:
    """Return passage id -> by how much larger a share of the hits it has now than before; those that grew alone.

    What was found for a question, 1 / rank for each hit, tells its topic without embedding anything anew.
    """
    earlier, later = _shares(before), _shares(now)
    return {
        passage: share - earlier.get(passage, 0.0)
        for passage, share in later.items()
        if share > earlier.get(passage, 0.0)
    }


def _shares(interactions: Sequence[Interaction]) -> dict[str, float]:
    weight: dict[str, float] = defaultdict(float)
    for interaction in interactions:
        if not interaction.auxiliary:
            for hit in interaction.hits:
                weight[hit.passage_id] += 1 / hit.rank
    total = sum(weight.values())
    return {passage: each / total for passage, each in weight.items()}


def mine_llm(
    passages: Sequence[Passage],
    writing: Writing,
    *,
    styles: Sequence[QuestionStyle],
    count: int,
    limit: int,
    progress: Progress,
    workers: int = 4,
) -> MinedPairs:
    """Return questions that a language model wrote for passages. A call that fails costs its passage, never the run.

    Each of the first `limit` passages is asked about in every style, `count` questions at once. Where the budget ends,
    what was written is kept, and the rest is counted; what of a reply is no question, `writing` counts.
    The result does not depend on the order in which calls end.
    """
    tasks = [(passage, style) for passage in passages[:limit] for style in styles]
    dropped: Counter[str] = Counter()
    found: dict[tuple[str, str], TrainingPair] = {}
    written = _written(tasks, writing, count, workers, progress, dropped)
    for place, (passage, style) in enumerate(tasks):
        for question in written.get(place, ())[:count]:
            if pair := make_pair(question, passage, Origin.LLM, dropped, kind=str(style)):
                take(pair, found, dropped)
    return MinedPairs(pairs=tuple(found.values()), dropped=counted(dropped))


def _written(
    tasks: Sequence[tuple[Passage, QuestionStyle]],
    writing: Writing,
    count: int,
    workers: int,
    progress: Progress,
    dropped: Counter[str],
) -> dict[int, tuple[str, ...]]:
    """Return task number -> what was written for it. Only as many calls wait as there are workers."""
    written: dict[int, tuple[str, ...]] = {}
    left = iter(enumerate(tasks))
    under_way: dict[Future[tuple[str, ...]], int] = {}
    done = 0
    pool = ThreadPoolExecutor(workers, thread_name_prefix="mining")
    try:
        while True:
            for number, (passage, style) in islice(left, workers - len(under_way)):
                under_way[pool.submit(writing.questions, passage, count, style)] = number
            if not under_way:
                return written
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                number = under_way.pop(future)
                done += 1
                try:
                    written[number] = future.result()
                except UpstreamFailed:
                    dropped["the language model failed"] += 1
                except BudgetReached as reason:
                    dropped[f"not asked: {reason}"] += 1
                progress(done, len(tasks), "asking the language model")
    finally:
        pool.shutdown(cancel_futures=True)
