"""Asks from the terminal: through the running service, or without one."""

import asyncio
from typing import Any, TypedDict

import httpx

from rag.errors import Unauthorised, UpstreamFailed
from rag.settings import Settings


class Source(TypedDict):
    """A numbered source of an answer."""

    number: int
    passage_id: str
    score: float
    title: str
    uri: str


class Answer(TypedDict):
    """What the terminal shows."""

    answer: str
    status: str
    release: str
    interaction: str
    sources: list[Source]


def ask_anywhere(settings: Settings, question: str) -> Answer:
    """Ask the service at host and port where one answers, else load the live release and answer here."""
    url = f"http://{settings.host}:{settings.port}"
    try:
        httpx.get(f"{url}/healthz", timeout=1.0).raise_for_status()
    except httpx.HTTPError:
        return asyncio.run(_ask_here(settings, question))
    return _ask_service(settings, url, question)


def _ask_service(settings: Settings, url: str, question: str) -> Answer:
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"} if settings.api_key else {}
    body = {"model": "whetstone", "messages": [{"role": "user", "content": question}]}
    limit = settings.llm_timeout_s + settings.llm_connect_timeout_s + 30
    response = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=limit)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise Unauthorised(
            f"the service at {url} wants a key: set WHETSTONE_API_KEY to the one it was started with"
        )
    payload: dict[str, Any] = response.json()
    if response.is_error:
        raise UpstreamFailed(
            f"the service at {url} answered {response.status_code}: {payload['error']['message']}"
        )
    extension = payload["whetstone"]
    return Answer(
        answer=payload["choices"][0]["message"]["content"],
        status=extension["status"],
        release=extension["release"],
        interaction=extension["interaction_id"],
        sources=extension["sources"],
    )


async def _ask_here(settings: Settings, question: str) -> Answer:
    raise NotImplementedError
