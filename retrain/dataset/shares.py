"""How much of the log one person, one passage or one question may be."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from retrain.dataset.pairs import order

Item = TypeVar("Item")


def capped(
    items: Sequence[Item],
    owners: Sequence[Callable[[Item], Hashable]],
    key: Callable[[Item], str],
    share: float,
    *,
    floor: int = 1,
) -> list[Item]:
    """Return the items without so many, drawn by a hash, that no owner has more than the share of what is kept.

    With fewer owners than the share allows for (three at a share of 0.25), they have equal parts at most; a single one
    has all. The share holds in every respect that `owners` name one in, but `floor` items an owner may always have. The
    hash is of an item's `key`.
    """
    kept = list(items)
    while True:
        before = len(kept)
        for owner in owners:
            kept = _cap(kept, [owner(item) for item in kept], key, share, floor)
        if len(kept) == before:
            return kept


def _cap(
    items: list[Item], owners: Sequence[Hashable], key: Callable[[Item], str], share: float, floor: int
) -> list[Item]:
    counts = Counter(owners)
    if not counts:
        return items
    share = max(share, 1 / len(counts))
    most = max(counts.values())
    # One in hand for rounding: 3 * (1 / 3) is 1 only by luck.
    while most > floor and most > share * sum(min(count, most) for count in counts.values()) + 1e-9:
        most -= 1
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, owner in enumerate(owners):
        places[owner].append(place)
    kept = {
        place for mine in places.values() for place in sorted(mine, key=lambda p: order(key(items[p])))[:most]
    }
    return [item for place, item in enumerate(items) if place in kept]
