"""How work that takes long tells how far it has come."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what) as work goes on; a total of 0: nobody knows.

A second line of `what` names what was done last, e.g. a file; the first stays the same while the work does.
"""
