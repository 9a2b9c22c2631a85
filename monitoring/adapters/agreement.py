"""A judge without a language model: does an exact search by words agree with what was found?"""

import logging
from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from monitoring.domain import Judgement, Sampled, Shown
from monitoring.labels.agreement import NAMES, RIVALS, START, learned, signs_of
from monitoring.ports import RecallJudge, WordSearch
from rag.domain import Calibration, Hit, Passage
from rag.errors import Unavailable
from rag.ports import DocumentStore

logger = logging.getLogger(__name__)


class AgreementJudge(RecallJudge):
    """Turns the signs of agreement into a probability, and learns from people what they weigh."""

    name = "agreement of a search by words"

    def __init__(
        self, search: WordSearch, documents: DocumentStore, *, calibration: Calibration | None = None
    ) -> None:
        """Ask nothing yet; `calibration` is the live release's, and tells which words are rare."""
        self._search = search
        self._documents = documents
        self._calibration = calibration
        self._weights = START

    @override
    def learn(self, known: Sequence[Sampled]) -> None:
        mine = [each for each in known if each.judge == self.name and len(each.signs) == len(NAMES)]
        self._weights = learned(
            START, np.array([each.signs for each in mine]), np.array([each.found for each in mine], float)
        )

    @override
    def judge(self, shown: Sequence[Shown]) -> list[Judgement]:
        """Return what it says of each as the port says; nothing of any while the index does not answer."""
        if not shown:
            return []
        tenant = shown[0].sampled.tenant
        try:
            found = self._search.by_words([each.question for each in shown], tenant=tenant, k=RIVALS)
        except Unavailable as error:
            logger.warning("live questions were not judged: %s", error)
            return [Judgement(probability=None) for _ in shown]
        named = {passage_id for ids in found for passage_id in ids}
        there = self._documents.passages(named) if named else {}
        return [
            self._one(each, [there[passage_id] for passage_id in ids if passage_id in there])
            for each, ids in zip(shown, found, strict=True)
        ]

    def _one(self, shown: Shown, rivals: Sequence[Passage]) -> Judgement:
        scores = {hit.passage_id: (hit.rank, hit.score) for hit in shown.asked.hits}
        hits = [
            Hit(passage=passage, rank=scores[passage.id][0], score=scores[passage.id][1])
            for passage in shown.passages
        ]
        if not hits:
            return Judgement(probability=0.0)  # nothing was found, so that nothing right was
        signs = signs_of(shown.question, hits, rivals, self._calibration)
        return Judgement(probability=self._weights.probability(signs), signs=signs)
