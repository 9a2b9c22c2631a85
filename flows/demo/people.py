"""Simulated people: they ask over HTTP, and some say which passage they were looking for."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from flows.demo.corpus import HeldQuestion
from rag.errors import UpstreamFailed
from rag.ports import Progress

T = TypeVar("T")

ASKERS = 4
"""People who ask at the same time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What came of a question."""

    question: HeldQuestion
    documents: tuple[str, ...]  # ids of the hits' documents, best first
    passages: tuple[str, ...]  # ids of the hits
    release: str  # digest of the release that answered
    seconds: float

    def found(self, k: int) -> bool:
        """Return whether a right document is among the first k."""
        return not self.question.documents.isdisjoint(self.documents[:k])


class People:
    """Asks the service at a base URL."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=60.0)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def retrieve(self, question: HeldQuestion, limit: int = 10) -> Asked:
        """Return the hits of a question; UpstreamFailed where the service refuses."""
        started = time.perf_counter()
        body = self._post("/v1/retrieve", {"query": question.text, "limit": limit})
        return Asked(
            question=question,
            documents=tuple(hit["document_id"] for hit in body["hits"]),
            passages=tuple(hit["passage_id"] for hit in body["hits"]),
            release=body["release"],
            seconds=time.perf_counter() - started,
        )

    def chat(self, question: HeldQuestion, right_passage: str | None) -> str:
        """Return the answer to a question, having said that `right_passage`, where it is given, was the right one."""
        body = self._post(
            "/v1/chat/completions",
            {"model": "whetstone", "messages": [{"role": "user", "content": question.text}]},
        )
        if right_passage is not None:
            feedback = {
                "interaction_id": body["whetstone"]["interaction_id"],
                "corrected_passage": right_passage,
            }
            self._post("/v1/feedback", feedback)
        return str(body["choices"][0]["message"]["content"])

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._client.post(path, json=body)
        if response.is_error:
            raise UpstreamFailed(f"{path} answered {response.status_code}: {response.text[:300]}")
        answer: dict[str, Any] = response.json()
        return answer


def each(
    ask: Callable[[HeldQuestion], T], questions: Sequence[HeldQuestion], progress: Progress, what: str
) -> list[T]:
    """Return what comes of asking many questions, a few at a time."""
    found = []
    with ThreadPoolExecutor(ASKERS) as pool:
        for done, answer in enumerate(pool.map(ask, questions), 1):
            progress(done, len(questions), what)
            found.append(answer)
    return found


@dataclass(kw_only=True, slots=True)
class Traffic:
    """Somebody who keeps asking in the background while releases are switched."""

    people: People
    questions: Sequence[HeldQuestion]
    releases: list[str] = field(default_factory=list)  # of each answer, in order
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0  # seconds
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Traffic":
        """Start asking."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        position = 0
        while not self._stop.wait(0.05):
            question = self.questions[position % len(self.questions)]
            position += 1
            try:
                asked = self.people.retrieve(question)
            except (UpstreamFailed, httpx.HTTPError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            else:
                self.releases.append(asked.release)
                self.slowest = max(self.slowest, asked.seconds)
