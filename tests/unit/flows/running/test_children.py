"""Children that need each other."""

import pytest

from flows.running.children import Child, in_order
from rag.errors import InvalidInput


@pytest.mark.parametrize(
    ("children", "message"),
    [
        ([("a", ()), ("a", ())], "names of their own"),
        ([("a", ("b",))], r"need \['b'\], but there are only \['a'\]"),
        ([("a", ("b",)), ("b", ("a",))], "circle"),
    ],
    ids=["same name", "unknown", "circle"],
)
def test_needs_that_cannot_be_met_are_refused(
    children: list[tuple[str, tuple[str, ...]]], message: str
) -> None:
    """Names are unique and needs lead somewhere."""
    with pytest.raises(InvalidInput, match=message):
        in_order([Child(name=name, command=("true",), needs=needs) for name, needs in children])
