"""A mined question has to find its own passage again.

Round-trip consistency (Alberti et al. 2019, "Synthetic QA Corpora Generation with Roundtrip Consistency"; as a filter
for retrieval: Dai et al. 2022, "Promptagator"): a question whose passage a strong retriever does not find among its
first is about something else, or about so much that any passage would do.
"""

from collections import Counter
from dataclasses import replace

from retrain.dataset.pairs import Find, MinedPairs, counted
from retrain.domain import TrainingPair


def round_trip(mined: MinedPairs, find: Find, *, n: int) -> MinedPairs:
    """Return the pairs whose passage is among the first `n` found for their question; count the others by kind."""
    questions = list(dict.fromkeys(pair.question for pair in mined.pairs))
    found = {question: set(ids) for question, ids in zip(questions, find(questions, n), strict=True)}
    kept: list[TrainingPair] = []
    dropped = Counter(mined.dropped)
    for pair in mined.pairs:
        if pair.passage_id in found[pair.question]:
            kept.append(pair)
        else:
            dropped[f"does not find its passage: {pair.kind or pair.origin}"] += 1
    return replace(mined, pairs=tuple(kept), dropped=counted(dropped))
