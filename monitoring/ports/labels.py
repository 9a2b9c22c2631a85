"""Live questions that are judged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from monitoring.domain import Judgement, Sampled, Shown


class SampleStore(Protocol):
    """Live questions that were drawn to be judged. Their order is that in which they were drawn."""

    def add(self, sampled: Sequence[Sampled]) -> int:
        """Write those whose interaction was not drawn yet; return how many these are."""
        ...

    def judge(self, sampled: Sampled) -> None:
        """Write what a machine says of one, `judged`, `judge` and `signs`, and nothing else of it.

        Raises:
            NotFound: there is none of that id.
        """
        ...

    def label(self, sampled: Sampled) -> None:
        """Write what a person says of one, `found`, `answerable`, who and when, and nothing else; NotFound as above."""
        ...

    def get(self, sampled_id: str, *, tenant: str) -> Sampled:
        """Return one; NotFound where there is none."""
        ...

    def since(
        self,
        *,
        tenant: str,
        since: datetime,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Sampled]:
        """Return those asked from then on, in their order unless said otherwise."""
        ...

    def unjudged(self, *, tenant: str, since: datetime, limit: int) -> list[Sampled]:
        """Return those drawn from then on that no machine has judged yet, in their order."""
        ...

    def queue(self, *, tenant: str, since: datetime, limit: int) -> list[Sampled]:
        """Return those drawn from then on that wait for a person's word, in their order."""
        ...


class WordSearch(Protocol):
    """The index that serves, searched by words alone."""

    def by_words(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Return for each question the ids of the k passages that hold its words best (BM25), best first.

        Raises:
            Unavailable: the index did not answer.
            NotReady: nothing is live yet.
        """
        ...


class RecallJudge(Protocol):
    """Says of live questions whether a right passage is among those found."""

    name: str  # which one, for people

    def learn(self, known: Sequence[Sampled]) -> None:
        """Take in what people said of questions that it judged; `found` of each is set."""
        ...

    def judge(self, shown: Sequence[Shown]) -> list[Judgement]:
        """Return what it says of each question, in their order. One that fails is one without a probability."""
        ...
