"""What a running service shows of its present state, by the names its gauges have in Prometheus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]
Gauge = tuple[str, Mapping[Labels, float]]
"""What it means, and its value for each set of labels."""

Gauges = Callable[[], Mapping[str, Gauge]]
"""Returns name -> what is measured at the moment of asking."""

_SHOWN = 16  # characters of a digest


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexState:
    """The live index; None: nobody can say."""

    lag: int | None = None  # changes it does not hold yet
    passages: int | None = None  # in it
    calibrated: int | None = None  # passages in it when support was calibrated; 0: it never was


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceState:
    """The service at one moment."""

    epoch: int  # of the deployment it answers with; 0: nothing is loaded yet
    release: str  # digest; empty where nothing is loaded
    encoder: str  # digest; empty as above
    index: IndexState
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
    for name, meaning, value in (
        ("index_lag_changes", "Changes of documents the live index does not hold yet.", state.index.lag),
        ("index_passages", "Passages in the live index.", state.index.passages),
        (
            "calibrated_passages",
            "Passages when support was calibrated on them; 0: never.",
            state.index.calibrated,
        ),
    ):
        if value is not None:
            shown[name] = one(meaning, value)
    return shown
