"""Where the braces of LaTeX close."""

import re

_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


class Braces:
    """Where each brace of a source closes, found in one pass."""

    def __init__(self, source: str) -> None:
        """Find them."""
        self._source = source
        self._closing: dict[int, int] = {}
        opened: list[int] = []
        for brace in _BRACE.finditer(source):
            if brace[0] == "{":
                opened.append(brace.start())
            elif brace[0] == "}" and opened:
                self._closing[opened.pop()] = brace.start()

    def inside(self, start: int) -> tuple[str, int]:
        """Return what stands in the braces that open at `start`, and where they end; nothing where they do not."""
        end = self._closing.get(start)
        return ("", start) if end is None else (self._source[start + 1 : end], end + 1)
