"""Where one process asks another."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from rag.domain import Probe, ProbeAnswer


class ProbeStore(Protocol):
    """Probes that wait, and their answers."""

    def add(self, probes: Sequence[Probe]) -> None:
        """Write them; those from more than an hour before the first of them are removed."""

    def take(self, *, replica: str, stale: datetime) -> Probe | None:
        """Return the oldest that waits, for this replica alone; None where none does.

        One that another replica took before `stale`, and has not answered, waits again.
        """

    def answer(self, probe_id: str, answer: ProbeAnswer) -> None:
        """Write an answer; nothing happens where the probe is gone, or is answered already."""

    def answers(self, probe_ids: Collection[str]) -> dict[str, ProbeAnswer]:
        """Return probe id -> answer of those that have one."""

    def remove(self, probe_ids: Collection[str]) -> None:
        """Remove probes with their answers; nothing happens where there is none."""
