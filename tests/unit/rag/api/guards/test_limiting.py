"""How times are written in the headers about limits."""

import pytest

from rag.api.guards.limiting import duration


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0ms"),
        (0.0004, "1ms"),
        (0.12, "120ms"),
        (0.9991, "1s"),
        (1, "1s"),
        (1.5, "2s"),
        (59.5, "1m0s"),
        (360, "6m0s"),
    ],
)
def test_times_are_written_as_openai_does(seconds: float, written: str) -> None:
    """Rounded up, so that waiting that long is enough."""
    assert duration(seconds) == written
