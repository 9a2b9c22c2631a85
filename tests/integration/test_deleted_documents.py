"""No answer cites a document whose deletion was committed before the question, whatever the index still holds."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from doubles.waiting import until
from integration.conftest import Service

from rag.api.routes import documents
from rag.domain import Document
from rag.errors import Unavailable
from rag.releases.indexing import Indexing

THINGS = ("anvil", "bellows", "chisel", "drill", "easel", "funnel", "gouge", "hammer", "jigsaw", "lathe")


@dataclass(frozen=True)
class Answered:
    """What one question brought up."""

    began: float  # monotonic, seconds
    documents: frozenset[str]  # ids of those that hits are of
    texts: str  # everything that was said


def document_id(service: Service, thing: str) -> str:
    """Return the id of the document about a thing."""
    return Document.id_for(service.serving.settings.tenant, f"shelf/{thing}")


def question(thing: str) -> str:
    """Ask for what a document alone says."""
    return f"Where is the {thing} of the workshop kept?"


@pytest.fixture
def stuck(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A service with ten more documents, whose index can be searched, but takes no changes from now on."""
    for number, thing in enumerate(THINGS):
        text = f"The {thing} of the workshop is kept on shelf {number}."
        put = service.client.put("/v1/documents", json={"uri": f"shelf/{thing}", "text": text}).json()
        assert put["searchable"]

    def refuse(*_: object, **__: object) -> None:
        raise Unavailable("the index takes nothing now")

    monkeypatch.setattr(Indexing, "catch_up", refuse)
    monkeypatch.setattr(documents, "APPLY_TIMEOUT_S", 0.05)
    yield service
    # The service ends with the index as it is.
    monkeypatch.undo()


class Asking:
    """Several people who ask for everything, over and over, by both ways."""

    def __init__(self, service: Service, threads: int = 4) -> None:
        self.answered: list[Answered] = []
        self.statuses: set[int] = set()
        self._service = service
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(at,)) for at in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self, at: int) -> None:
        with httpx.Client(base_url=self._service.url, timeout=60) as client:
            while not self._enough.is_set():
                at += 1
                asked(client, THINGS[at % len(THINGS)], self.answered.append, self.statuses.add, at % 2 == 0)

    def goes_on(self, answers: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answered) + answers
        until(lambda: len(self.answered) >= wanted, "answers", seconds=60)

    def stop(self) -> None:
        """Ask no more."""
        self._enough.set()
        for thread in self._threads:
            thread.join()


def asked(
    client: httpx.Client,
    thing: str,
    keep: Callable[[Answered], None],
    count: Callable[[int], None],
    chat: bool,
) -> None:
    """Ask for a thing once, by chat or by retrieval."""
    began = time.monotonic()
    if chat:
        body: dict[str, Any] = {"messages": [{"role": "user", "content": question(thing)}]}
        response = client.post("/v1/chat/completions", json=body)
        hits = response.json()["whetstone"]["hits"]
    else:
        response = client.post("/v1/retrieve", json={"query": question(thing), "limit": 5})
        hits = response.json()["hits"]
    count(response.status_code)
    keep(Answered(began, frozenset(hit["document_id"] for hit in hits), response.text))


def test_never_cited_before_the_index_knows(stuck: Any) -> None:
    """Deleted over the API under load, one after the other: no question that came later finds one, many times over."""
    ids = {thing: document_id(stuck, thing) for thing in THINGS}
    gone: dict[str, float] = {}
    asking = Asking(stuck)
    try:
        asking.goes_on(20)
        with httpx.Client(base_url=stuck.url, timeout=60) as client:
            for thing in THINGS[:-1]:
                deleted = client.delete(f"/v1/documents/{ids[thing]}").json()
                gone[thing] = time.monotonic()
                assert (True, False) == (deleted["deleted"], deleted["applied"])
                for turn in range(6):
                    asked(client, thing, asking.answered.append, asking.statuses.add, turn % 2 == 0)
        asking.goes_on(40)
    finally:
        asking.stop()

    assert {200} == asking.statuses
    wrong = [
        (thing, answered.began - moment)
        for thing, moment in gone.items()
        for answered in asking.answered
        if answered.began > moment
        and (ids[thing] in answered.documents or f"The {thing} of the workshop is kept on" in answered.texts)
    ]
    assert [] == wrong
    # The test can see them: they were found as long as they were there, and the index holds them to the end.
    assert set(ids.values()) <= {each for answered in asking.answered for each in answered.documents}
    with stuck.serving.live.pin() as pinned:
        vector = pinned.encoder.encode_queries([question(THINGS[0])])[0]
        found = pinned.index.search(vector, tenant=stuck.serving.settings.tenant, limit=20)
    assert set(ids.values()) <= {each.passage.document_id for each in found}


def test_nor_as_a_source(stuck: Any) -> None:
    """The link to its passage leads nowhere from then on."""
    body = {"query": question("anvil"), "limit": 1}
    (hit,) = stuck.client.post("/v1/retrieve", json=body).json()["hits"]
    assert 200 == httpx.get(hit["url"]).status_code
    stuck.client.delete(f"/v1/documents/{hit['document_id']}")
    assert 404 == httpx.get(hit["url"]).status_code
