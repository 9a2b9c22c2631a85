"""A stop string ends an answer and is never shown, however the answer is cut into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from rag.questions.writing.stops import Stops


def shown(pieces: list[str], stops: list[str]) -> str:
    """Return all that was shown."""
    passing = Stops(stops)
    return "".join([*(passing.feed(piece) for piece in pieces), passing.rest()])


def test_stop_across_pieces_is_never_shown() -> None:
    """The beginning of a stop string is held back until it is one, or is not."""
    assert shown(["one EN", "D two"], ["END"]) == "one "
    assert shown(["one EN", "GLISH"], ["END"]) == "one ENGLISH"
    assert shown(["one EN"], ["END"]) == "one EN"
    assert shown(["a\n", "\nb"], ["\n\n", "b"]) == "a"


def test_no_stop_holds_nothing_back() -> None:
    """Without stop strings each piece is shown at once, and an empty one stops nothing."""
    passing = Stops(["", ""])

    assert [passing.feed(piece) for piece in ("a", "", "b")] == ["a", "", "b"]
    assert passing.rest() == ""
    assert passing.met is False


@given(
    st.lists(st.text("abc", max_size=4), max_size=8),
    st.lists(st.text("abc", min_size=1, max_size=3), max_size=3),
)
def test_the_same_as_cutting_the_whole(pieces: list[str], stops: list[str]) -> None:
    """Whatever the pieces, what is shown is the whole up to the first stop string."""
    whole = "".join(pieces)
    ends = [whole.find(stop) for stop in stops if stop in whole]

    actual = shown(pieces, stops)

    # A stop string may end before another that began earlier does: then the text ends no later than at the first.
    assert whole.startswith(actual)
    assert not any(stop in actual for stop in stops)
    assert (actual == whole) if not ends else len(actual) >= min(ends)
