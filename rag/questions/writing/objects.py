"""An answer that is to be JSON, piece by piece -> the object alone, as the model wrote it."""

from rag.questions.writing.clearing import Thinking

_LEAD = 4_000
"""Characters before an object; whoever writes more gives none."""


class ObjectAlone:
    """Passes on a JSON object: not the thoughts, fence or words before it, nor what follows it."""

    def __init__(self) -> None:
        """Wait for the first brace."""
        self._thinking = Thinking()
        self._lead = ""
        self._depth = 0
        self._quoted = self._escaped = self._ended = False

    def feed(self, piece: str) -> str:
        """Return what of the object has come."""
        return self._object(self._thinking.feed(piece))

    def rest(self) -> str:
        """Return what was held back; all that was said where there is no object in it."""
        text = self._object(self._thinking.rest())
        return text if self._ended or self._depth else self._lead.strip()

    def _object(self, text: str) -> str:
        if self._ended:
            return ""
        if not self._depth:
            self._lead = f"{self._lead}{text}"[:_LEAD]
            at = text.find("{")
            if at < 0:
                return ""
            text = text[at:]
        for at, char in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._quoted:
                self._escaped = char == "\\"
                self._quoted = char != '"'
            elif char == '"':
                self._quoted = True
            elif char in "{[":
                self._depth += 1
            elif char in "}]":
                self._depth -= 1
                if not self._depth:
                    self._ended = True
                    return text[: at + 1]
        return text
