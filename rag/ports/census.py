"""What the documents amount to, without reading them."""

from collections.abc import Collection
from typing import Protocol


class Census(Protocol):
    """Counts passages, draws some, and tells which documents changed."""

    def passages(self) -> int:
        """Number of passages that an index should hold."""

    def drawn(self, count: int, *, start: str = "") -> list[str]:
        """Return so many passage ids from `start` on, and from the first one again where these are too few.

        Ids are hashes, so that they are as good as drawn by chance where `start` is.
        """

    def changed_among(self, document_ids: Collection[str], *, after: int) -> frozenset[str]:
        """Return those of the documents that changed beyond the sequence number `after`, or are gone since."""

    def there(self, document_ids: Collection[str]) -> frozenset[str]:
        """Return those of the documents that there are."""
