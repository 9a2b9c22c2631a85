"""An OpenAI-compatible endpoint: which one it is, and what may be shown of it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LONGEST_REASON = 300
"""Characters of an endpoint's own error message that are passed on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Which model is asked, and where."""

    base_url: str = field(repr=False)  # with its version, e.g. http://127.0.0.1:8000/v1; may hold a password
    model: str
    api_key: str | None = field(default=None, repr=False)  # None for an endpoint that wants none
    connect_timeout_s: float = 5.0  # limit of connecting, in seconds

    @property
    def sent_key(self) -> str:
        """What is sent as the key: the client insists on one, and an endpoint without keys ignores it."""
        return self.api_key or "none"

    @property
    def name(self) -> str:
        """How errors name it: by host and port, which is all of its URL that is ever shown."""
        parts = urlsplit(self.base_url)
        place = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
        return f"the language model at {place}"

    def __str__(self) -> str:
        """Return its name as a sentence begins with it."""
        return f"T{self.name[1:]}"

    def own_words(self, message: str) -> str:
        """Return the endpoint's own error message, cut, and without the key that some of them repeat."""
        shown = message.replace(self.api_key, "***") if self.api_key else message
        return shown[:_LONGEST_REASON]
