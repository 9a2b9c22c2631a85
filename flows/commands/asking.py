"""Asks from the terminal: through the running service, or without one."""

import asyncio
import json
from typing import Any, TypedDict

import httpx

from flows.environment import terminal_principal
from rag.api.wire.chat_wire import support_of
from rag.api.wire.filters import filter_of
from rag.bootstrap import open_serving
from rag.domain import InteractionStatus
from rag.errors import Unauthorised, UpstreamFailed
from rag.ports import Progress
from rag.questions.events import Wishes
from rag.questions.writing.abstaining import looked_at, plainly
from rag.running.listening import local_url
from rag.settings import Settings


class Source(TypedDict):
    """A numbered source of an answer."""

    number: int
    passage_id: str
    score: float
    title: str
    uri: str


class Document(TypedDict):
    """A document that was looked at in vain."""

    title: str
    uri: str


class Answer(TypedDict):
    """What the terminal shows."""

    answer: str
    status: str
    release: str
    interaction: str
    sources: list[Source]
    support: dict[str, Any] | None  # probability, threshold, weak, reason; None: it was not judged
    language_unknown: bool  # the encoder does not know the question's language
    looked_at: list[Document]  # where the documents do not say: the nearest ones


def remarks(answer: Answer) -> list[str]:
    """Return what a person should know of an answer beside its text, a sentence each."""
    said = []
    weak = (answer["support"] or {}).get("weak", False)
    if answer["language_unknown"] and (weak or answer["status"] == InteractionStatus.ABSTAINED):
        said.append(
            "The encoder does not know the language of this question well, so something may have been missed. If the "
            "documents are in another language, ask in that one; else see WHETSTONE_ENCODER."
        )
    if answer["status"] == InteractionStatus.ANSWERED and weak:
        said.append("Weakly supported: see in the sources whether they are about the question.")
    if answer["status"] == InteractionStatus.ABSTAINED and not answer["looked_at"]:
        said.append(
            "Nothing was found: no document is there yet (whetstone ingest), or none fits the filter."
        )
    return said


def ask_anywhere(
    settings: Settings, question: str, where: str = "", *, progress: Progress = lambda *_: None
) -> Answer:
    """Return the answer of the service at host and port; where none is up, of the live release, loaded here.

    Loaded here, it is calibrated first where that is due, and `progress` is told. `where` is a filter by metadata, as
    JSON; InvalidInput where it is none.
    """
    wanted = filter_of(where) if where else None
    url = local_url(settings.host, settings.port)
    try:
        httpx.get(f"{url}/healthz", timeout=1.0).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL):
        return asyncio.run(_ask_here(settings, question, Wishes(where=wanted), progress))
    return _ask_service(settings, url, question, json.loads(where) if where else None)


def _ask_service(settings: Settings, url: str, question: str, where: Any) -> Answer:
    headers = {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"} if settings.api_key else {}
    body: dict[str, Any] = {"model": "whetstone", "messages": [{"role": "user", "content": question}]}
    if where is not None:
        body["whetstone"] = {"filter": where}
    limit = settings.llm_total_timeout_s + 30
    try:
        response = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=limit)
    except httpx.HTTPError as error:
        raise UpstreamFailed(f"the service at {url} broke off: {error or type(error).__name__}") from error
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise Unauthorised(
            f"the service at {url} wants a key with the role reader: make one with `whetstone keys create --role "
            "reader`, and set WHETSTONE_API_KEY to it"
        )
    try:
        payload: dict[str, Any] = response.json()
    except ValueError as error:
        raise UpstreamFailed(
            f"what listens at {url} answered {response.status_code} and no JSON; is it a Whetstone?"
        ) from error
    if response.is_error:
        raise UpstreamFailed(
            f"the service at {url} answered {response.status_code}: {payload['error']['message']}"
        )
    text, extension = plainly(payload["choices"][0]["message"]["content"]), payload["whetstone"]
    cited = {each["number"] for each in extension["citations"]}
    shown = zip(extension["hits"], payload["search_results"], strict=False)
    sources = [
        Source(
            number=hit["rank"],
            passage_id=hit["passage_id"],
            score=hit["score"],
            title=result["title"],
            uri=result["url"],
        )
        for hit, result in shown
        if hit["rank"] in cited
    ]
    return Answer(
        answer=text,
        status=extension["status"],
        release=extension["release"],
        interaction=extension["interaction_id"],
        sources=sources,
        support=extension["support"],
        language_unknown=extension["language_unknown"],
        looked_at=[Document(title=each["title"], uri=each["url"]) for each in extension["looked_at"]],
    )


async def _ask_here(settings: Settings, question: str, wishes: Wishes, progress: Progress) -> Answer:
    with open_serving(settings) as serving:
        serving.live.start(background=False)
        if serving.calibrator.calibrate(
            progress=lambda done, total: progress(done, total, "calibrate support on the documents")
        ):
            serving.live.start(background=False)
        finished = await serving.answerer.answer(question, principal=terminal_principal(), wishes=wishes)
    abstained = finished.interaction.status == InteractionStatus.ABSTAINED
    scores = {hit.passage.id: hit.score for hit in finished.hits}
    return Answer(
        answer=finished.interaction.answer,
        status=finished.interaction.status,
        release=finished.interaction.release,
        interaction=finished.interaction.id,
        sources=[
            Source(
                number=citation.number,
                passage_id=citation.passage.id,
                score=scores[citation.passage.id],
                title=citation.passage.name,
                uri=citation.passage.uri,
            )
            for citation in finished.citations
        ],
        support=support_of(finished),
        language_unknown=finished.interaction.language_unknown,
        looked_at=[
            Document(title=each.title or each.uri, uri=each.uri)
            for each in (looked_at(finished.hits) if abstained else ())
        ],
    )
