"""What people asked, and what they thought of the answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from rag.domain import Feedback, Interaction, LabelledQuestion, Purpose


class InteractionLog(Protocol):
    """Where answered questions go. What was written is on disk."""

    def check(self) -> None:
        """Raise Unavailable where the database does not answer and there is no room beside it; costs no I/O.

        Else a question that is taken now can be written later.
        """

    async def write(self, interaction: Interaction) -> None:
        """Write one; on return it is durable.

        Raises:
            Unavailable: the database does not answer and there is no room beside it.
        """


class InteractionStore(Protocol):
    """The log of questions."""

    def add_all(self, interactions: Sequence[Interaction]) -> None:
        """Write several in one transaction; those that are there already are left as they are."""

    def get(self, interaction_id: str, *, tenant: str) -> Interaction | None:
        """Return one."""

    def of(self, interaction_ids: Collection[str], *, tenant: str | None = None) -> dict[str, Interaction]:
        """Return id -> interaction, of those that exist; only a tenant's, where one is named."""

    def between(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Interaction]:
        """Return those with since <= asked_at < until, oldest first unless said otherwise."""

    def count(self) -> int:
        """Number of interactions."""


class FeedbackStore(Protocol):
    """What people thought of the answers."""

    def add(self, feedback: Feedback) -> None:
        """Write one, but for one that is there already; NotFound where the tenant has no such interaction."""

    def of(self, interaction_ids: Collection[str]) -> dict[str, list[Feedback]]:
        """Return interaction id -> its feedback, oldest first."""


class QuestionStore(Protocol):
    """Labelled questions."""

    def put(self, questions: Sequence[LabelledQuestion]) -> int:
        """Write questions, replacing those of the same id; return how many are new.

        One that is held back further than it would be by this is left as it is.
        """

    def all(self, *, tenant: str, purpose: Purpose | None = None) -> list[LabelledQuestion]:
        """Return the tenant's questions in the order of their ids."""
