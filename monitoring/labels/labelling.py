"""What people say of sampled questions: the queue they take them from, and what becomes of their word.

The queue is taken in its order, and what a machine says of a question is not shown: both would change what people say,
or of what. A label is written beside the sampled question; where it names a right passage it becomes feedback as well,
as if that person had corrected the answer, so that it teaches like any other correction.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitoring.domain import Sampled, Shown
from monitoring.labels.judging import Sources, show
from monitoring.labels.sampling import closes_at
from monitoring.settings import DriftSettings
from rag.domain import AuditEntry, Feedback, new_id
from rag.errors import Conflict, InvalidInput, NotFound
from rag.ports import AuditLog


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """What a person says of a question."""

    found: tuple[str, ...] = ()  # ids of the passages shown that answer it; none: none does
    right: str | None = None  # id of a passage that would answer it and was not found
    answerable: bool | None = None  # False: no document answers it; None: nothing is said of that
    skip: bool = False  # who looked cannot say


class Labelling:
    """The queue, and labels."""

    def __init__(self, sources: Sources, audit: AuditLog, settings: DriftSettings) -> None:
        """Read and write there; `settings` tell how long a question waits."""
        self._sources = sources
        self._audit = audit
        self._settings = settings

    def queue(self, *, tenant: str, limit: int, at: datetime) -> list[Shown]:
        """Return the questions that wait for a person's word, in the order in which they are to be looked at."""
        since = at - timedelta(days=self._settings.label_days)
        waiting = self._sources.samples.queue(tenant=tenant, since=since, limit=limit)
        return show(waiting, self._sources, tenant=tenant)

    def label(self, sampled_id: str, label: Label, *, tenant: str, principal: str, at: datetime) -> Sampled:
        """Write what a person says of one, and return it; said anew it replaces what was said before.

        Raises:
            NotFound: the tenant has no such question, or no such passage.
            Conflict: the question was not drawn for people, or waits no longer.
            InvalidInput: the label contradicts itself, or names a passage that was not shown.
        """
        sampled = self._sources.samples.get(sampled_id, tenant=tenant)
        self._check_open(sampled, at)
        shown = next(iter(show([sampled], self._sources, tenant=tenant)), None)
        if shown is None:
            raise NotFound(f"The question {sampled_id!r} was erased.")
        self._check(label, shown, tenant=tenant)
        said = replace(
            sampled,
            found=None if label.skip else float(bool(label.found)),
            answerable=True if label.found or label.right else label.answerable,
            labelled_by=principal,
            # Of the first word: when it was changed is of no meaning for the order.
            labelled_at=sampled.labelled_at or at,
        )
        self._sources.samples.label(said)
        self._teach(label, shown, principal=principal, at=at)
        self._audit.add(
            AuditEntry(
                at=at,
                principal=principal,
                action="label",
                subject=sampled.id,
                detail={
                    "interaction": sampled.interaction_id,
                    "found": list(label.found),
                    "right": label.right,
                    "answerable": said.answerable,
                    "skip": label.skip,
                },
            )
        )
        return said

    def _check_open(self, sampled: Sampled, at: datetime) -> None:
        if not sampled.queued:
            raise Conflict(
                f"The question {sampled.id!r} was not drawn for people. Labels of questions that somebody chose would "
                "falsify the estimate; give feedback on the answer instead."
            )
        if sampled.labelled_at is None and closes_at(sampled, days=self._settings.label_days) <= at:
            raise Conflict(
                f"The question {sampled.id!r} waits no longer: it was drawn more than "
                f"{self._settings.label_days:g} days ago. Take the next one of the queue."
            )

    def _check(self, label: Label, shown: Shown, *, tenant: str) -> None:
        if label.skip and (label.found or label.right or label.answerable is not None):
            raise InvalidInput("expected either skip or what is right, got both")
        if label.answerable is False and (label.found or label.right):
            raise InvalidInput("expected a question that no document answers to have no right passage")
        strange = sorted(set(label.found) - {passage.id for passage in shown.passages})
        if strange:
            raise InvalidInput(
                f"expected passages that were shown with the question, got {strange[0]!r}; "
                "name one that was not found as the right one"
            )
        if label.right:
            there = self._sources.documents.passages([label.right]).get(label.right)
            if there is None or there.tenant != tenant:
                raise NotFound(f"There is no passage {label.right!r}.")

    def _teach(self, label: Label, shown: Shown, *, principal: str, at: datetime) -> None:
        """Write the right passage as a correction by that person."""
        right = next((each.id for each in shown.passages if each.id in label.found), label.right)
        if right is None:
            return
        self._sources.feedback.add(
            Feedback(
                id=new_id(),
                interaction_id=shown.asked.id,
                tenant=shown.asked.tenant,
                principal=principal,
                given_at=at,
                corrected_passage=right,
            )
        )
