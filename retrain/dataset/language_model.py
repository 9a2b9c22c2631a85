"""Questions that a language model writes about passages."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rag.domain import Passage
from rag.errors import UpstreamFailed
from retrain.dataset.pairs import FEWEST_QUESTION_WORDS, MinedPairs, counted, make_pair
from retrain.dataset.wording import normal, words
from retrain.domain import Origin, TrainingPair
from retrain.ports import Progress, QuestionWriter

FAILURES_IN_A_ROW = 10
"""After so many failed calls in a row the language model is taken to be down, and is asked no more."""


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
                elif pair := make_pair(question, passage, Origin.LLM, dropped):
                    key = (normal(pair.question), passage.id)
                    dropped["the same question and passage"] += key in found
                    found.setdefault(key, pair)
            progress(done, len(chosen), "asking the language model")
    finally:
        pool.shutdown(cancel_futures=True)
    return MinedPairs(pairs=tuple(found.values()), dropped=counted(dropped), failures=failures)
