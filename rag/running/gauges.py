"""What a running service shows of its present state, by the names its gauges have in Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]
Gauge = tuple[str, Mapping[Labels, float]]
"""What it means, and its value for each set of labels."""

_SHOWN = 16  # characters of a digest


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceState:
    """The service at one moment."""

    epoch: int  # of the deployment it answers with; 0: nothing is loaded yet
    release: str  # digest; empty where nothing is loaded
    encoder: str  # digest; empty as above
    lag: int | None  # changes its index does not hold yet; None: nobody can say
    passages: int | None  # in its index; None: nobody can say
    calibrated: int  # of them when support was calibrated; 0: it never was
    breaker_open: bool  # the language model is left alone
    spool_bytes: int  # logged questions that wait for the database
    spool_limit_bytes: int
    running: int  # questions under way
    queued: int  # questions that wait for their turn


def gauges(state: ServiceState) -> dict[str, Gauge]:
    """Return name -> meaning and values; what nobody can say is left out."""

    def one(meaning: str, value: float) -> Gauge:
        return meaning, {(): float(value)}

    shown = {
        "deployment_epoch": one("Epoch of the deployment that answers.", state.epoch),
        "breaker_open": one("1 while the language model is left alone.", state.breaker_open),
        "spool_bytes": one("Logged questions that wait for the database, in bytes.", state.spool_bytes),
        "spool_limit_bytes": one("Room for such questions, in bytes.", state.spool_limit_bytes),
        "questions_running": one("Questions under way.", state.running),
        "questions_queued": one("Questions that wait for their turn.", state.queued),
    }
    if state.release:
        labels = (("release", state.release[:_SHOWN]), ("encoder", state.encoder[:_SHOWN]))
        shown["release_info"] = ("The release that answers.", {labels: 1.0})
        meaning = "Passages in the live index when support was calibrated on them; 0: never."
        shown["calibrated_passages"] = one(meaning, state.calibrated)
    if state.passages is not None:
        shown["index_passages"] = one("Passages in the live index.", state.passages)
    if state.lag is not None:
        shown["index_lag_changes"] = one("Changes of documents the live index does not hold yet.", state.lag)
    return shown
