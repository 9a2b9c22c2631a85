"""How much of the log one owner may be."""

from collections import Counter

from retrain.dataset.shares import capped


def test_the_share_holds_in_every_respect_and_the_floor_beneath_it() -> None:
    """Neither a person nor a passage has more than the share of what is kept; a few are always allowed."""
    items = [("loud", f"p{n % 7}", n) for n in range(100)]
    items += [(f"person{n}", f"p{n}", 1_000 + n) for n in range(20)]
    kept = capped(items, (lambda i: i[0], lambda i: i[1]), lambda i: str(i[2]), 0.2)
    for place in (0, 1):
        counts = Counter(item[place] for item in kept)
        assert max(counts.values()) <= 0.2 * counts.total() + 1e-9
    assert {item for item in items if item[0] != "loud"} <= set(kept)
    few = [("a", "p", n) for n in range(5)] + [(f"b{n}", "q", 10 + n) for n in range(5)]
    assert Counter(i[0] for i in capped(few, (lambda i: i[0],), lambda i: str(i[2]), 0.1, floor=3))["a"] == 3
