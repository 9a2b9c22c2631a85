"""Index health: what is wrong with an index is a fact, and what is being applied is no fault."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.domain import DriftVerdict
from monitoring.ports import IndexState, Nearest, Stored
from monitoring.signals.index import SAMPLED, Examined, finding

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATE = IndexState(
    release="d", replica="r", passages=20_000, expected=20_000, change=7, pending=0, pending_since=None
)
TEN = tuple(f"p{number}" for number in range(10))


def stored(*, right: int = SAMPLED, missing: int = 0, other: int = 0, cosine: float = 0.4) -> Stored:
    """Return a sample of the given makeup."""
    return Stored(
        missing=frozenset(f"m{number}" for number in range(missing)),
        cosines={f"r{number}": 0.99995 for number in range(right)}
        | {f"o{number}": cosine for number in range(other)},
    )


def seen(**parts: Any) -> Examined:
    """Return an index that is as it should be, but for these parts."""
    state = {key: parts.pop(key) for key in list(parts) if key in IndexState.__dataclass_fields__}
    given: dict[str, Any] = {
        "at": NOW,
        "state": replace(STATE, **state),
        "stored": stored(),
        "nearest": (Nearest(served=TEN, exact=TEN),) * 8,
    }
    return Examined(**given | parts)


def verdict(examined: Examined) -> tuple[DriftVerdict, str]:
    """Return verdict and reason."""
    found = finding(examined)
    assert (found.name, found.p_value) == ("index", None)
    return found.verdict, found.reason


def test_an_index_that_holds_everything() -> None:
    """Is calm, and says how many passages there are; so is an empty one over no documents."""
    assert verdict(seen()) == (
        DriftVerdict.CALM,
        "The index holds the 20000 passages that the documents have.",
    )
    empty = seen(passages=0, expected=0, stored=Stored(missing=frozenset(), cosines={}), nearest=())
    assert verdict(empty)[0] is DriftVerdict.CALM


@pytest.mark.parametrize(
    ("passages", "drift", "words"),
    [
        (19_999, False, "lacks 1 of 20000"),
        (19_980, False, "lacks 20 of 20000"),
        (19_979, True, "lacks 21 of 20000"),
        (20_020, False, "holds 20 passages more"),
        (20_021, True, "holds 21 passages more"),
        (0, True, "lacks 20000 of 20000"),
    ],
)
def test_counts_differ(passages: int, drift: bool, words: str) -> None:
    """Beyond one in a thousand it is drift; below it is said all the same."""
    found, reason = verdict(seen(passages=passages))
    assert (found is DriftVerdict.DRIFT) == drift
    assert words in reason


def test_a_single_passage_counts_in_a_small_corpus() -> None:
    """One of 50 is more than one in a thousand."""
    assert verdict(seen(passages=49, expected=50))[0] is DriftVerdict.DRIFT


@pytest.mark.parametrize("passages", [15_000, 25_000])
def test_what_is_being_applied_explains_counts(passages: int) -> None:
    """While changes are pending, and for as long as they are young."""
    young = seen(passages=passages, pending=3, pending_since=NOW - timedelta(minutes=29))
    found, reason = verdict(young)
    assert found is DriftVerdict.CALM
    assert "3 changes are being applied" in reason


def test_changes_that_nobody_applies() -> None:
    """A service that does not take them up for half an hour is told; where nobody serves, nobody has to."""
    since = NOW - timedelta(minutes=31)
    found, reason = verdict(seen(pending=3, pending_since=since))
    assert found is DriftVerdict.DRIFT
    assert "3 changes of documents wait to be applied to the index, since 2026-05-01 11:29 UTC" in reason
    assert verdict(seen(pending=3, pending_since=since, replica=""))[0] is DriftVerdict.CALM


@pytest.mark.parametrize(("count", "drift"), [(0, False), (1, False), (2, True), (60, True)])
@pytest.mark.parametrize("kind", ["missing", "other"])
def test_a_sample_of_passages(kind: str, count: int, drift: bool) -> None:
    """One of 192 may be one in many thousands; two are beyond one in a thousand. Counts may well agree."""
    found, reason = verdict(seen(stored=stored(right=SAMPLED - count, **{kind: count})))
    assert (found is DriftVerdict.DRIFT) == drift
    assert (str(count) in reason) == (count > 0) or not count


def test_a_sample_that_is_the_whole_is_exact() -> None:
    """Of 40 passages one with another vector is drift: no other passages are left that could be right."""
    small = seen(passages=40, expected=40, stored=stored(right=39, other=1))
    assert verdict(small)[0] is DriftVerdict.DRIFT


@pytest.mark.parametrize(
    ("cosine", "drift"), [(0.9951, False), (0.9949, True), (float("nan"), True), (-1.0, True)]
)
def test_another_runtime_is_no_fault(cosine: float, drift: bool) -> None:
    """Vectors of an export to bfloat16 are near; those of another encoder, or none, are not."""
    found, _ = verdict(seen(stored=stored(right=100, other=92, cosine=cosine)))
    assert (found is DriftVerdict.DRIFT) == drift


@pytest.mark.parametrize(("found", "drift"), [(10, False), (9, False), (8, True), (0, True)])
def test_an_approximate_search_has_to_find_what_is_nearest(found: int, drift: bool) -> None:
    """Nine of ten on average; the order does not matter."""
    served = TEN[:found][::-1] + tuple(f"x{number}" for number in range(10 - found))
    result, reason = verdict(seen(nearest=(Nearest(served=served, exact=TEN),) * 8))
    assert (result is DriftVerdict.DRIFT) == drift
    assert (f"{found}0%" in reason or found == 0) == drift or not drift


def test_passages_of_no_document_that_are_found() -> None:
    """Leftovers of documents that are gone, unless a change that is pending explains them."""
    left = (Nearest(served=TEN, exact=TEN, gone=TEN[:3]),) * 4
    assert verdict(seen(nearest=left))[0] is DriftVerdict.DRIFT
    young = NOW - timedelta(minutes=1)
    assert verdict(seen(nearest=left, pending=1, pending_since=young))[0] is DriftVerdict.CALM


def test_what_alarms_is_said_first() -> None:
    """Whatever else is noted follows."""
    both = seen(passages=19_999, stored=stored(right=100, missing=20))
    assert verdict(both)[1].startswith("Of 120 passages drawn, 20 are not in the index. The index lacks 1 of")
