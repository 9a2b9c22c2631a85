"""What the routes need from the outside, and how they reach it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from starlette.requests import Request

from rag.access.authentication import Keyring
from rag.access.keys import KeyRegister
from rag.access.limits import Turns
from rag.access.source_links import SourceLinks
from rag.breaker import Breaker
from rag.domain import Principal
from rag.library.intake import Intake
from rag.library.syncing import Library
from rag.log.feedback import FeedbackLog
from rag.log.logbook import Logbook
from rag.ports import DocumentStore, IngestionStore
from rag.questions.answering import Answerer
from rag.releases.live import LiveRelease
from rag.running.gauges import Gauges
from rag.running.observing import Observer
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The link that a request came by, instead of with a key."""

    passage_id: str
    query: str  # what makes it open


class Metrics(Protocol):
    """What is counted and timed."""

    def add(self, gauges: Gauges) -> None:
        """Show further gauges, of other names; asking for them must not fail."""

    def text(self) -> bytes:
        """Return it in Prometheus's text format."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """How questions are answered."""

    live: LiveRelease
    answerer: Answerer
    breaker: Breaker | None  # the language model's; None where there is none
    turns: Turns  # bounds the questions under way


@dataclass(frozen=True, kw_only=True, slots=True)
class Documents:
    """How documents come in and are read."""

    store: DocumentStore
    ingestions: IngestionStore
    library: Library
    intake: Intake


@dataclass(frozen=True, kw_only=True, slots=True)
class Logs:
    """Where questions and what people think of the answers are written down."""

    questions: Logbook
    feedback: FeedbackLog


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """Who may come in."""

    keyring: Keyring  # knows who sends a request
    register: KeyRegister  # makes and revokes keys
    links: SourceLinks


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """What the routes work with."""

    settings: Settings
    answering: Answering
    documents: Documents
    logs: Logs
    keys: Keys
    metrics: Metrics
    observers: Sequence[Observer]  # hear of each request
    ping: Callable[[], None]  # raises Unavailable where the database does not answer


def serving_of(request: Request) -> Serving:
    """Return the parts the application was made with."""
    return cast(Serving, request.app.state.serving)


def principal_of(request: Request) -> Principal:
    """Return who asks, as the guard in front of the routes found."""
    return cast(Principal, request.state.principal)


def source_url(request: Request, passage_id: str, span: tuple[int, int] | None = None) -> str:
    """Return the link to a passage that works for whoever sent the request.

    Where there are keys it is signed, so that it opens in a browser, and for a while. A request that came by such a
    link itself gets that one for its own passage and bare ones for others: else it could go on for ever. The page marks
    the characters `span` of the passage's text.
    """
    base = serving_of(request).settings.public_url or str(request.base_url)
    url = f"{base.rstrip('/')}/v1/sources/{passage_id}"
    marked = f"s={span[0]}-{span[1]}" if span else ""
    query = "&".join(part for part in (_signed(request, passage_id), marked) if part)
    return f"{url}?{query}" if query else url


def _signed(request: Request, passage_id: str) -> str:
    serving = serving_of(request)
    if not serving.keys.keyring.demanded:
        return ""
    link: SignedLink | None = getattr(request.state, "link", None)
    if link is None:
        return serving.keys.links.query(passage_id, principal_of(request).tenant)
    return link.query if link.passage_id == passage_id else ""
