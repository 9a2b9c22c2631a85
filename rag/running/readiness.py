"""What of a service works, from what each part says of itself."""

from collections.abc import Sequence
from dataclasses import replace

from rag.breaker import Breaker, BreakerState
from rag.log.logbook import LogState
from rag.releases.live import Part


def readiness(
    live: Sequence[Part], *, sql_trouble: str, log: LogState, breaker: Breaker | None
) -> tuple[Part, ...]:
    """Return the parts; the service can answer where all of them are ready.

    Without the database questions are still answered, with what is loaded, as long as there is room to log them.
    `sql_trouble` says why the database does not answer now; it is empty where it does. The breaker is the language
    model's; None where there is no model.
    """
    parts = {part.name: part for part in live}
    if sql_trouble:
        room = "no room for more" if log.full else f"room for {log.room} bytes"
        parts["sql"] = Part(
            name="sql",
            ready=not log.full,
            detail=f"database away, {log.spooled} questions spooled, {room}: {sql_trouble}",
        )
        if parts["model"].ready and not parts["index"].ready:
            # The changes it lacks are in the database, and can only be looked for there.
            parts["index"] = replace(parts["index"], ready=True)
    else:
        spooled = f", {log.spooled} questions on their way to it" if log.spooled else ""
        parts["sql"] = Part(name="sql", ready=True, detail=f"answers{spooled}")
    if breaker is not None:
        parts["generator"] = Part(name="generator", ready=True, detail=_told(breaker))
    return tuple(parts.values())


def _told(breaker: Breaker) -> str:
    if breaker.state is BreakerState.CLOSED:
        return "the language model is asked"
    again = (
        "it is being tried"
        if breaker.state is BreakerState.HALF_OPEN
        else f"tried in {breaker.retry_in_s:.0f} s"
    )
    return f"the language model is out of order, extractive answers stand in; {again}"
