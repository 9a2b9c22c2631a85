"""What does not work at present, told once when it begins and once when it ends."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rag.errors import WhetstoneError

logger = logging.getLogger(__name__)


class Troubles:
    """What is tried again and again in a thread that has to outlive whatever comes."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}  # what does not work -> why, as last seen

    def why(self, what: str) -> str | None:
        """Tell why something failed the last time; None where it did not."""
        return self._reasons.get(what)

    @contextmanager
    def attempt(self, what: str, *, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Keep the thread alive: log that `what` failed when it starts to, and that it works again.

        `unless` tells whether errors are expected now, because the thread is being ended.
        """
        try:
            yield
        except Exception as error:
            if unless() and isinstance(error, WhetstoneError):
                return
            reason = str(error)
            if self._reasons.get(what) != reason:
                # What Whetstone raises on purpose explains itself; anything else needs its traceback.
                trace = None if isinstance(error, WhetstoneError) else error
                logger.warning("%s failed, will try again: %s", what, reason, exc_info=trace)
            self._reasons[what] = reason
        else:
            if self._reasons.pop(what, None) is not None:
                logger.info("%s works again", what)
