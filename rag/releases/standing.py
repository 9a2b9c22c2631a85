"""How the live release's calibration stands to the documents of today, and when it has to be fitted anew."""

from dataclasses import dataclass
from datetime import datetime

from rag.domain import Calibration
from rag.ports import DocumentStore, ReleaseStore
from rag.questions.support.judging import PRIOR
from rag.releases.deployed import live_release

FEWEST = 20
"""Passages from which on there is something to fit."""

CHANGED = 0.2
"""Share of the documents, or of the number of passages, that has to have changed since for it to be fitted anew."""


def due(calibration: Calibration | None, *, passages: int, documents: int, changed: int) -> str:
    """Return why the calibration has to be fitted, in a few words; empty: it need not be. Pure.

    Args:
        calibration: the live release's.
        passages: in the index now.
        documents: now.
        changed: documents that came, changed or went since it was fitted.
    """
    if passages < FEWEST:
        return ""
    if calibration is None:
        return "it was never fitted"
    if calibration.signs != PRIOR.signs:
        return "another version of Whetstone fitted it, by other signs"
    if abs(passages - calibration.passages) >= CHANGED * max(calibration.passages, 1):
        return f"there are {passages} passages instead of {calibration.passages}"
    if changed >= CHANGED * max(documents, 1):
        return f"{changed} documents changed"
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """From which support on the live release answers, and what that support rests on."""

    threshold: float  # support, a probability
    passages: int  # in the index when it was calibrated; 0: it never was
    questions: int  # made of the documents, that the calibration rests on
    calibrated_at: datetime | None  # None: it never was
    changed: int  # documents since
    documents: int  # now

    def sentence(self) -> str:
        """Return what there is to be known of the calibration, for people to read."""
        if self.calibrated_at is None:
            return (
                f"not yet ({self.documents} documents): the service does it, or `whetstone ask`, from {FEWEST} "
                "passages on"
            )
        return (
            f"on {self.passages} passages by {self.questions} questions, {self.calibrated_at:%Y-%m-%d %H:%M}; "
            f"{self.changed} of {self.documents} documents changed since"
        )


def standing(releases: ReleaseStore, documents: DocumentStore) -> Standing:
    """Return how the live release's calibration stands.

    Raises:
        NotReady: nothing is live yet.
    """
    live = live_release(releases)
    support = live.support
    if support is None:
        passages = questions = changed = 0
        at = None
    else:
        passages, questions = support.passages, support.questions
        changed = documents.changed(after=support.change)
        # Another threshold makes another release of the same calibration.
        at = min(
            (each.created_at for each in releases.all() if each.support == support), default=live.created_at
        )
    return Standing(
        threshold=live.retrieval.threshold,
        passages=passages,
        questions=questions,
        calibrated_at=at,
        changed=changed,
        documents=documents.count(),
    )
