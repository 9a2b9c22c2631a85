"""What a retraining is to cure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Focus:
    """Where retrieval got worse, so that mining begins there."""

    reason: str  # for people
    interactions: frozenset[str] = frozenset()  # ids of questions that are not found well
    documents: frozenset[str] = frozenset()  # ids of documents nearest to them
    terse: bool = False  # they are asked as a few words, so that such wordings are to be learned
