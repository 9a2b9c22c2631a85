"""Figures of topics -> their cause: what speaks for documents that are missing, not found, or neither."""

from dataclasses import replace

import pytest

from monitoring.attribution.causes import Drawn, cause_of, drawn_together
from monitoring.attribution.weighing import Weighed
from monitoring.domain import Cause

FAR = Weighed(
    count=40, fit=0.1, words=0.1, there=0.1, agreed=0.1, unknown=0.1, refused=0.0, gain=None, earlier=0.0, best=0.3,
    best_before=0.6,
)  # fmt: skip
"""A topic that no passage is near to."""


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (Drawn(absent=0.9, words=0.1, there=0.1, agreed=0.1), (Cause.DOCUMENTS_MISSING, False)),
        (
            Drawn(absent=0.9, words=0.1, there=None, agreed=0.5),
            (Cause.DOCUMENTS_MISSING, False),
        ),  # none searched
        (Drawn(absent=0.9, words=0.1, there=0.34, agreed=0.1), (Cause.UNKNOWN, True)),
        (Drawn(absent=0.9, words=0.1, there=0.4, agreed=0.1), (Cause.NOT_FOUND, False)),
        (Drawn(absent=0.9, words=0.1, there=0.4, agreed=0.4), (Cause.UNKNOWN, True)),
        (Drawn(absent=0.9, words=0.6, there=0.1, agreed=0.4), (Cause.UNKNOWN, True)),
        (Drawn(absent=0.9, words=0.1, there=0.1, agreed=0.7), (Cause.UNKNOWN, True)),
        (Drawn(absent=0.1, words=0.5, there=0.5, agreed=0.5), (Cause.UNKNOWN, False)),
    ],
)
def test_documents_are_missing_only_where_nothing_says_that_they_are_there(
    drawn: Drawn, expected: tuple[Cause, bool]
) -> None:
    """Missing and not found are told where the evidence tells; between them the cause is unknown and in doubt."""
    assert cause_of(FAR, drawn) == expected


def test_an_old_topic_that_may_have_documents_is_waited_for() -> None:
    """Where a topic was asked before and its documents may be there, it returns; no document is to be written."""
    returning = replace(FAR, gain=0.2, earlier=0.9)

    assert cause_of(returning, Drawn(absent=0.9, words=0.1, there=0.4, agreed=0.4)) == (
        Cause.OLD_TOPIC,
        False,
    )


def test_figures_of_small_topics_are_drawn_to_those_of_all() -> None:
    """A topic of few questions lies nearer to the mean than one of many; what nobody searched stays unknown."""
    small, large = drawn_together([replace(FAR, count=5, there=0.9), FAR])

    assert 0.18 < small.there < 0.5  # type: ignore[operator]
    assert 0.1 < large.there < small.there  # type: ignore[operator]
    assert drawn_together([replace(FAR, there=None)])[0].there is None
