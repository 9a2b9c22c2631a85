"""Gauges of monitoring, on the service's own metrics."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from monitoring.attribution.advising import REMEDIES
from monitoring.domain import DriftFinding, DriftVerdict, MonitoringState
from rag.domain import utcnow
from rag.running.gauges import Gauge, Labels
from rag.troubles import Troubles

KEPT_S = 15.0
"""How long what was read is shown, in seconds: scrapes cost the database no more than that."""

FORGOTTEN_S = 300.0
"""How long it is shown while the database is away, in seconds; nobody knows what stands after that."""


def gauges(state: MonitoringState, *, now: datetime, began: datetime, every_s: float) -> dict[str, Gauge]:
    """Return name -> meaning and values; what no check has said is left out.

    Args:
        state: what was read.
        now: the moment of asking.
        began: since when checks are waited for where there was none.
        every_s: seconds between two checks; 0: none are scheduled.
    """
    unknown = [each.opened_at for each in state.alarms if not each.acknowledged]
    shown: dict[str, Gauge] = {
        "alarms": ("Alarms that stand, by cause and remedy.", _alarms(state)),
        "alarm_age_seconds": _one(
            "Age of the oldest alarm that nobody has acknowledged; 0: there is none.",
            _seconds(min(unknown, default=now), now),
        ),
        "drift_check_age_seconds": _one(
            "Time since the newest drift check; where there is none, since the service started.",
            _seconds(state.checked_at or began, now),
        ),
        "drift_check_interval_seconds": _one(
            "Time between two drift checks; 0: none are scheduled.", every_s
        ),
    }
    if state.undelivered is not None:
        shown["webhooks_undelivered"] = _one(
            "Webhooks that wait for their receiver, or were given up within a day.", state.undelivered
        )
    if state.findings:
        shown["drift_findings"] = (
            "1 for what each signal said at the newest drift check.",
            {
                (("signal", finding.name), ("verdict", verdict.value)): float(finding.verdict is verdict)
                for finding in state.findings
                for verdict in DriftVerdict
            },
        )
    live, golden = _named(state, "live_recall"), _named(state, "golden_recall")
    if live is not None:
        bounds = {"value": live.current, "low": live.low, "high": live.high}
        shown["live_recall"] = (
            "Estimated recall of live questions, and the bounds of its interval.",
            {(("bound", name),): value for name, value in bounds.items() if value is not None},
        )
    if golden is not None and golden.current is not None:
        shown["golden_recall"] = _one("Recall of the golden questions, mean.", golden.current)
    return shown


def _one(meaning: str, value: float) -> Gauge:
    return meaning, {(): float(value)}


def _seconds(since: datetime, now: datetime) -> float:
    # Machines' clocks differ a little.
    return max(0.0, (now - since).total_seconds())


def _alarms(state: MonitoringState) -> dict[Labels, float]:
    standing = Counter((each.cause, each.remedy) for each in state.alarms)
    # A cause is shown with 0, by the remedy that it mostly has: a rule sees that its alarm has ended.
    pairs = dict.fromkeys([*REMEDIES.items(), *standing])
    return {
        (("cause", cause.value), ("remedy", remedy.value)): float(standing[cause, remedy])
        for cause, remedy in pairs
    }


def _named(state: MonitoringState, name: str) -> DriftFinding | None:
    """Return the finding of that name, with or without its ``@k``, where it has a value."""
    found = (each for each in state.findings if each.name.partition("@")[0] == name)
    return next((each for each in found if each.current is not None), None)


class CachedGauges:
    """Reads the state at most every `KEPT_S` seconds; a scrape never fails for it."""

    def __init__(
        self,
        read: Callable[[], MonitoringState],
        *,
        every_s: float,
        now: Callable[[], datetime] = utcnow,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._every_s = every_s
        self._now = now
        self._clock = clock
        self._began = now()
        self._lock = threading.Lock()
        self._troubles = Troubles()
        self._state: MonitoringState | None = None
        self._read_at = -FORGOTTEN_S  # in the clock's seconds: when the state was read
        self._tried_at = -KEPT_S

    def __call__(self) -> dict[str, Gauge]:
        """Return the gauges; none where the state is not known."""
        # Whoever comes while another one reads gets what was known before.
        if self._clock() - self._tried_at >= KEPT_S and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        state = self._state
        if state is None or self._clock() - self._read_at > FORGOTTEN_S:
            return {}
        return gauges(state, now=self._now(), began=self._began, every_s=self._every_s)

    def _refresh(self) -> None:
        with self._troubles.attempt("reading what monitoring found"):
            self._state = self._read()
            self._read_at = self._clock()
        self._tried_at = self._clock()
