"""What attribution is told beside findings and look, read where it is kept; a bounded number of questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring.attribution import attribute
from monitoring.attribution.searching import WordSearch
from monitoring.checking import Reading
from monitoring.domain import ALL_TENANTS, Diagnosis, Look, PassageSample, Sampled
from monitoring.domain.passages import numbered
from monitoring.labels.judging import right_passage
from monitoring.ports import AskedLog, SampleStore
from monitoring.settings import DriftSettings
from rag.domain import Interaction
from rag.ports import Encoder, FeedbackStore, InteractionStore, Vectors

SPOKEN_OF = 2_000
"""Newest sampled questions that are looked through for what people said of them."""


LOOKED_BACK = 2_000
"""Newest interactions from before the reference that are looked through for what was asked then."""

EARLIER = 500
"""Questions of theirs, each text once, that tell whether a topic returns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clues:
    """Where it is read."""

    log: AskedLog
    interactions: InteractionStore
    feedback: FeedbackStore
    samples: SampleStore
    sample: PassageSample
    encoder: Encoder  # the fixed one
    settings: DriftSettings

    def attribute(self, reading: Reading, look: Look) -> tuple[Diagnosis, ...]:
        """Return what is wrong, and what would help; nothing where it cannot be told."""
        known = self.log.known([*look.reference.interactions, *look.recent.interactions])
        asked = self.interactions.of([one for one in look.recent.interactions if one in known])
        return attribute(
            reading.findings,
            look,
            texts={one: each.text for one, each in known.items()},
            stronger=WordSearch(self.sample, numbered),
            before=self._before(look),
            hits={one: _documents(each) for one, each in asked.items()},
            said=self._said(look, asked),
            changes=reading.changes,
            golden=reading.golden_loss,
            seed=self.settings.seed,
        )

    def _before(self, look: Look) -> Vectors | None:
        """Return vectors of what was asked before the reference, shape (m, dimension); None where nothing was."""
        if look.reference_since is None:
            return None
        tenant = None if look.tenant == ALL_TENANTS else look.tenant
        newest = self.interactions.between(
            until=look.reference_since, tenant=tenant, limit=LOOKED_BACK, newest_first=True
        )
        asked = (each.rewritten or each.question for each in newest if not each.auxiliary)
        texts = list(dict.fromkeys(text for text in asked if text.strip()))[:EARLIER]
        return self.encoder.encode_queries(texts) if texts else None

    def _said(self, look: Look, asked: Mapping[str, Interaction]) -> dict[str, bool]:
        """Return what people say: True, a document answers it that it was not given; False, none does."""
        said: dict[str, bool] = {}
        for one, given in self.feedback.of(list(asked)).items():
            right = right_passage(given)
            if right is not None and all(hit.passage_id != right for hit in asked[one].hits):
                said[one] = True
        for label in self._labels(look):
            if label.interaction_id in asked and label.found == 0.0 and label.answerable is not None:
                said[label.interaction_id] = label.answerable
        return said

    def _labels(self, look: Look) -> Sequence[Sampled]:
        since = look.reference_since
        if since is None:
            return ()
        return self.samples.since(tenant=look.tenant, since=since, limit=SPOKEN_OF, newest_first=True)


def _documents(asked: Interaction) -> list[str]:
    ranked = sorted(asked.hits, key=lambda hit: hit.rank)
    return list(dict.fromkeys(hit.document_id for hit in ranked))
