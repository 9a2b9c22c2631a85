"""Processes with tight limits."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rag.adapters.parsing import Processes
from rag.adapters.parsing.process import Limits


@pytest.fixture
def make_processes() -> Iterator[Callable[..., Processes]]:
    """Make processes that are closed after the test; by default one, 400 MB, 20 s, 20 MB of text."""
    made: list[Processes] = []

    def make(*, most: int = 1, warm: bool = False, jobs: int = 1_000, **limits: Any) -> Processes:
        given = {"memory_bytes": 400_000_000, "timeout_s": 20.0, "most_bytes": 20_000_000} | limits
        made.append(Processes(Limits(**given), most=most, warm=warm, jobs=jobs))
        return made[-1]

    yield make
    for processes in made:
        processes.close()
