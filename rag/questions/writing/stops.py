"""Where an answer is to end: at the caller's stop strings, which it never shows, whatever pieces it comes in."""

from collections.abc import Sequence


class Stops:
    """Passes an answer on piece by piece, up to the first stop string."""

    def __init__(self, stops: Sequence[str]) -> None:
        """Take the stop strings; empty ones stop nothing."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.met = False  # a stop string came; nothing follows

    def feed(self, piece: str) -> str:
        """Return what of the answer may be shown by now; the end that may become a stop string is held back."""
        if self.met:
            return ""
        text = self._held + piece
        ends = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if ends:
            self.met, self._held = True, ""
            return text[: min(ends)]
        keep = max((_begun(text, stop) for stop in self._stops), default=0)
        shown = len(text) - keep
        self._held = text[shown:]
        return text[:shown]

    def rest(self) -> str:
        """Return what was held back, once the answer has ended."""
        held, self._held = self._held, ""
        return held


def _begun(text: str, stop: str) -> int:
    """Return how many characters at the end of the text are the beginning of the stop string."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
