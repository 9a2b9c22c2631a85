"""How work that takes long tells how far it has come."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what) as work goes on; a total of 0: nobody knows."""
