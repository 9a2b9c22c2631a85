"""What stands: an alarm has a beginning, people who know of it, and an end."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitoring.domain.causes import Cause, Diagnosis, Remedy
from rag.domain import utcnow


class AlarmEnd(StrEnum):
    """What ended an alarm."""

    PROMOTION = "promotion"  # or a way back: another release serves
    REMEDY = "remedy"  # what was wrong is right again: the index, the documents
    PERSON = "person"  # somebody said that it is as it should be


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """A standing fact: which signal, since when, how sure, what to do about it. One for one cause."""

    id: str
    tenant: str
    release: str  # digest of what served when it opened
    cause: Cause
    remedy: Remedy
    signals: tuple[str, ...]  # names of the findings that say so
    report: str  # id of the report that opened it
    last_report: str  # id of the newest that confirmed it
    since: datetime  # when it began, as far as the questions tell
    sentence: str  # what is wrong
    action: str  # what to do
    diagnosis: Diagnosis  # the whole, as it was last seen
    opened_at: datetime = field(default_factory=utcnow)
    acknowledged_by: str = ""  # principal; empty: nobody yet
    acknowledged_at: datetime | None = None
    was: tuple[Cause, ...] = ()  # what it was taken for before, the first one first
    comment: str = ""  # of who acknowledged or ended it
    retraining: str = ""  # the one for it: "asked for", then the candidate's id; empty: none
    retraining_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: AlarmEnd | None = None
    ended_who: str = ""  # principal, or the digest of the release that serves since

    @property
    def standing(self) -> bool:
        """Tell whether it has not ended."""
        return self.ended_at is None

    @property
    def wants_retraining(self) -> bool:
        """Tell whether a retraining would help and none was started for it."""
        return self.standing and self.remedy is Remedy.RETRAIN and not self.retraining
