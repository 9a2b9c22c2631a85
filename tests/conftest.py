"""Fixtures that tests of several packages share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.adapters.sql.stores import Stores, open_stores, sqlite_url


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    """The stores over a fresh SQLite file."""
    opened = open_stores(sqlite_url(tmp_path / "home"))
    yield opened
    opened.close()
