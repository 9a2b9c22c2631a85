"""The sample of passages, searched by words."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from monitoring.attribution.searching import WordSearch as OfPassages
from monitoring.domain import PassageSample
from monitoring.domain.passages import numbered
from monitoring.ports import WordSearch


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleSearch(WordSearch):
    """A `WordSearch` of a tenant's sample: of a corpus larger than that it sees the sample's share."""

    sample: PassageSample

    @override
    def by_words(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[str]]:
        """Return what the port says; the sample is of one tenant, whichever is named."""
        found = OfPassages(self.sample, numbered).best(questions, k=k)
        return [[self.sample.ids[row] for row in rows] for rows in found]
