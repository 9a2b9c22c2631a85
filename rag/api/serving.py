"""What the routes need from the outside, and how they reach it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from starlette.requests import Request

from rag.access.authentication import Keyring
from rag.access.keys import KeyRegister
from rag.access.limits import Turns
from rag.access.source_links import SourceLinks
from rag.breaker import Breaker
from rag.domain import Principal
from rag.library.documents import Library
from rag.library.intake import Intake
from rag.log.feedback import FeedbackLog
from rag.log.logbook import Logbook
from rag.ports import DocumentStore, FeedbackStore, IngestionStore, InteractionStore, ReleaseStore
from rag.questions.answering import Answerer
from rag.releases.live import LiveRelease
from rag.running.observing import Observer
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The link that a request came by, instead of with a key."""

    passage_id: str
    query: str  # what makes it open


class Stores(Protocol):
    """The truth, as far as the routes touch it."""

    @property
    def documents(self) -> DocumentStore:
        """Documents and passages."""
        ...

    @property
    def interactions(self) -> InteractionStore:
        """The log of questions."""
        ...

    @property
    def feedback(self) -> FeedbackStore:
        """What people thought of the answers."""
        ...

    @property
    def releases(self) -> ReleaseStore:
        """Releases and the deployment."""
        ...

    @property
    def ingestions(self) -> IngestionStore:
        """What was handed in."""
        ...

    def ping(self) -> None:
        """Do nothing while the database answers.

        Raises:
            Unavailable: it does not.
        """
        ...


class Metrics(Protocol):
    """What is counted and timed."""

    def text(self) -> bytes:
        """Return it in Prometheus's text format."""
        ...


class Serving(Protocol):
    """The parts of a service that runs."""

    @property
    def settings(self) -> Settings:
        """As read at the start."""
        ...

    @property
    def stores(self) -> Stores:
        """The truth."""
        ...

    @property
    def live(self) -> LiveRelease:
        """What questions are answered with."""
        ...

    @property
    def library(self) -> Library:
        """Puts documents into the store."""
        ...

    @property
    def intake(self) -> Intake:
        """Takes files and pages."""
        ...

    @property
    def logbook(self) -> Logbook:
        """Writes questions down."""
        ...

    @property
    def feedback_log(self) -> FeedbackLog:
        """Writes down what people think of answers."""
        ...

    @property
    def breaker(self) -> Breaker | None:
        """Guards the language model; None where there is none."""
        ...

    @property
    def answerer(self) -> Answerer:
        """Answers questions."""
        ...

    @property
    def keyring(self) -> Keyring:
        """Knows who sends a request."""
        ...

    @property
    def keys(self) -> KeyRegister:
        """Makes and revokes keys."""
        ...

    @property
    def links(self) -> SourceLinks:
        """Signs links to sources."""
        ...

    @property
    def turns(self) -> Turns:
        """Bounds the questions under way."""
        ...

    @property
    def metrics(self) -> Metrics:
        """Counts and times what happens."""
        ...

    @property
    def observers(self) -> Sequence[Observer]:
        """Hear of each request."""
        ...


def serving_of(request: Request) -> Serving:
    """Return the parts the application was made with."""
    return cast(Serving, request.app.state.serving)


def principal_of(request: Request) -> Principal:
    """Return who asks, as the guard in front of the routes found."""
    return cast(Principal, request.state.principal)


def source_url(request: Request, passage_id: str, span: tuple[int, int] | None = None) -> str:
    """Return the link to a passage that works for whoever sent the request.

    Where there are keys it is signed, so that it opens in a browser, and for a while. A request that came by such a
    link itself gets that one for its own passage and bare ones for others: else it could go on for ever.

    Args:
        request: gives the address the service is known by, and who asks.
        passage_id: of the passage.
        span: the characters of its text that the page is to mark.
    """
    serving = serving_of(request)
    base = serving.settings.public_url or str(request.base_url)
    url = f"{base.rstrip('/')}/v1/sources/{passage_id}"
    query = _signed(request, passage_id)
    if span is not None:
        query = "&".join(part for part in (query, f"s={span[0]}-{span[1]}") if part)
    return f"{url}?{query}" if query else url


def _signed(request: Request, passage_id: str) -> str:
    serving = serving_of(request)
    if not serving.keyring.demanded:
        return ""
    link: SignedLink | None = getattr(request.state, "link", None)
    if link is None:
        return serving.links.query(passage_id, principal_of(request).tenant)
    return link.query if link.passage_id == passage_id else ""
