"""A connection to PostgreSQL that gives up on a server that has gone silent.

A server that is stopped, swapped out or behind a dead network says nothing at all, and no limit that the server
itself keeps is of use then.
"""

import time
from collections.abc import Generator
from typing import Any

from psycopg import Connection, OperationalError


class ImpatientConnection(Connection[Any]):
    """Closes itself when nothing came for `silence_s` seconds; SQLAlchemy then takes it for lost."""

    silence_s: float = 60.0
    """Seconds; may be changed between two statements."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **more: Any) -> Any:
        """Do one exchange with the server."""
        return super().wait(self._bounded(gen), *args, **more)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        until = time.monotonic() + self.silence_s
        try:
            awaited = next(gen)
        except StopIteration as end:
            return end.value
        while True:
            # 0 where the pause between two polls passed without the server becoming ready.
            ready = yield awaited
            now = time.monotonic()
            if ready:
                until = now + self.silence_s
            elif now >= until:
                gen.close()
                self.pgconn.finish()
                raise OperationalError(f"the server said nothing for {self.silence_s:g} s")
            try:
                awaited = gen.send(ready)
            except StopIteration as end:
                return end.value
