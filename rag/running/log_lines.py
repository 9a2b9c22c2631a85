"""The form of the log's lines: for people, or one JSON object each for programs.

Whetstone logs ids, counts and times. Questions, passages and answers are not logged, nor are keys; what looks like
one in a message of somebody else's code is blotted out here.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

from rag.running.observing import request_id

_SECRETS = re.compile(
    r"(?P<before>\bBearer\s+|\b(?:api[_-]?key|password|secret|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{6,}"
    r"|\b(?:sk-|wk_)[A-Za-z0-9_\-.]{8,}"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",
    re.IGNORECASE,
)

_LIBRARIES = {"httpx": logging.WARNING, "httpx2": logging.WARNING, "openai": logging.WARNING}
"""Libraries whose own lines about each call say nothing that ours do not."""


def redacted(text: str) -> str:
    """Return the text with what looks like a key or a password blotted out."""
    return _SECRETS.sub(lambda found: f"{found['before'] or ''}***", text)


class TextLines(logging.Formatter):
    """A line for people: time, level, logger, request id where there is one, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        asked = request_id.get()
        line = redacted(super().format(record))
        return f"{line} [request {asked}]" if asked else line


class JsonLines(logging.Formatter):
    """A JSON object a line: ts (RFC 3339, UTC), level, logger, message, request_id, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record; newlines inside it are escaped, so that nobody's text can forge a line."""
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if asked := request_id.get():
            line["request_id"] = asked
        if record.exc_info:
            line["exception"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def write_log_lines(*, level: str, form: Literal["text", "json"]) -> None:
    """Send every logger's lines to standard error in that form; a second call replaces the first."""
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[lines], force=True)
    for name, at_least in _LIBRARIES.items():
        logging.getLogger(name).setLevel(at_least)
