"""What runs together: the children, and the order in which they start."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from rag.errors import InvalidInput


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """One process to run."""

    name: str  # stands before each of its lines
    command: Sequence[str]  # program and arguments; no shell
    env: Mapping[str, str] = field(default_factory=dict)  # on top of the supervisor's own environment
    ready: Callable[[], bool] | None = None  # asked again and again until True; None: ready once started
    ready_timeout_s: float = 60.0  # seconds from start to ready, else everything stops
    needs: tuple[str, ...] = ()  # names of children that are ready before this one starts


def in_order(children: Sequence[Child]) -> list[Child]:
    """Return the children so that each comes after what it needs, otherwise in the order given.

    Raises:
        InvalidInput: two share a name, or needs name an unknown child or go in a circle.
    """
    named = {child.name: child for child in children}
    if len(named) < len(children):
        raise InvalidInput(f"children need names of their own, got {[child.name for child in children]}")
    if unknown := {name for child in children for name in child.needs} - named.keys():
        raise InvalidInput(f"children need {sorted(unknown)}, but there are only {sorted(named)}")
    try:
        order = TopologicalSorter({child.name: child.needs for child in children}).static_order()
        return [named[name] for name in order]
    except CycleError as error:
        raise InvalidInput(f"children need each other in a circle: {' -> '.join(error.args[1])}") from None
