"""Dates of PDFs."""

import pytest

from rag.adapters.readers.pdf.facts import date_of


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("D:20260514093000+02'00'", "2026-05-14T09:30:00+02:00"),
        ("D:20260514093000+02'00", "2026-05-14T09:30:00+02:00"),
        ("D:20260514093000-0530", "2026-05-14T09:30:00-05:30"),
        ("D:20260514093000Z", "2026-05-14T09:30:00+00:00"),
        ("D:20260514093000Z00'00'", "2026-05-14T09:30:00+00:00"),
        ("D:20260514093000", "2026-05-14T09:30:00"),
        ("D:202605140930", "2026-05-14T09:30:00"),
        ("20260514", "2026-05-14"),
        ("D:202605", "2026-05-01"),
        ("D:2026", "2026-01-01"),
        ("D:20261399", ""),
        ("D:20260514093000+99'00'", "2026-05-14T09:30:00"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_dates(written: str, expected: str) -> None:
    """A date of a PDF is one of ISO 8601, as exactly as it is given; what is none is left out."""
    assert expected == date_of(written)
