"""How the tests of tables read a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.adapters.readers import read
from rag.domain import Document
from rag.library.documents import FieldNames, ReadFailure

Reading = Callable[..., list[Document | ReadFailure]]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Writes a file and reads it; name the fields that mean something."""

    def read_it(content: str | bytes, name: str = "a.csv", **fields: str) -> list[Document | ReadFailure]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read(str(path), tenant="acme", max_bytes=5_000_000, fields=FieldNames(**fields)))

    return read_it
