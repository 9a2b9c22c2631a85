"""What attribution is told beside findings and look, read where it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.domain import Diagnosis, DriftFinding, Look, PassageSample
from monitoring.ports import AskedLog
from rag.ports import InteractionStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Clues:
    """Where it is read."""

    log: AskedLog
    interactions: InteractionStore
    sample: PassageSample

    def attribute(self, findings: Sequence[DriftFinding], look: Look) -> tuple[Diagnosis, ...]:
        """Return what is wrong, and what would help; nothing where it cannot be told."""
        return ()
