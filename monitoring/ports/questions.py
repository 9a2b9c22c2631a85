"""What people asked, as checks read and keep it; and the passages it is compared with."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from monitoring.domain import Kept, Known, PassageSample, Unread, Watch


class AskedLog(Protocol):
    """The log of questions, read thinned: what is asked again and again costs one row a check."""

    def unread(self, *, tenant: str, after: datetime | None, since: datetime, limit: int) -> Unread:
        """Return what was logged after `after` and asked since `since`; of more than `limit`, the newest.

        Chores of chat front ends and blank texts are left out. A little of what was logged before `after` is given
        again, because another process may have committed it only since. Where `after` is None, also what was logged
        before texts had keys, as far as `limit` reaches.

        Args:
            tenant: "*": all tenants together.
            after: moment of logging up to which all was read.
            since: moment of asking; what was asked earlier is of no concern.
            limit: most rows.
        """
        ...

    def known(self, interaction_ids: Collection[str]) -> dict[str, Known]:
        """Return id -> what is known of it, of those that exist."""
        ...


class PassageFiles(Protocol):
    """Where samples of passages are kept; rebuildable, so never the truth."""

    def load(self, *, tenant: str | None, encoder: str) -> PassageSample | None:
        """Return the sample of a tenant's passages, None: of all, in this encoder; None where there is none."""
        ...

    def save(self, sample: PassageSample, *, tenant: str | None) -> None:
        """Write one in the place of what is there; whoever reads meanwhile sees one or the other whole."""
        ...


class WatchStore(Protocol):
    """Watches, and the questions that they keep."""

    def get(self, tenant: str) -> Watch | None:
        """Return a tenant's; None where it was never watched."""
        ...

    def questions(self, tenant: str) -> list[Kept]:
        """Return what it keeps, by position."""
        ...

    def put(
        self,
        watch: Watch,
        *,
        before: Watch | None,
        added: Sequence[Kept] = (),
        referenced: Collection[int] | None = None,
        removed: Collection[int] = (),
    ) -> None:
        """Write its new state and what changed, in one transaction; of `looked` the greater one stays.

        Args:
            watch: its new state.
            before: as it was read; None: there was none.
            added: questions; one whose interaction was erased meanwhile is left out.
            referenced: positions of all that are in the reference now; None: as before.
            removed: positions of those that are not needed any more.

        Raises:
            Conflict: another process has moved it since it was read.
        """
        ...

    def completed(self, tenant: str, *, position: int) -> None:
        """Write that a check has looked at all up to `position` and stored its report."""
        ...
