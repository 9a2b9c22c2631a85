"""Chat completions: the way any OpenAI client asks a question."""

from functools import cache

from fastapi import APIRouter, Request
from starlette.responses import Response

from rag.api.guards.roles import allow
from rag.api.serving import principal_of, serving_of, source_url
from rag.api.wire.answers import StreamedAnswer, WholeAnswer
from rag.api.wire.chat_request import ChatRequest
from rag.api.wire.chat_wire import ChatWire
from rag.api.wire.looked_at import LookedAt
from rag.api.wire.model_names import check_chat_model
from rag.domain import Role

router = APIRouter(tags=["chat"], dependencies=[allow(Role.READER)])


@router.post("/v1/chat/completions", response_model=None)
async def chat_completions(request: Request, body: ChatRequest) -> Response:
    """Answer the last user message from the documents."""
    check_chat_model(body.model)
    question, wishes = body.asked()
    principal = principal_of(request)
    answering = serving_of(request).answering
    body.check_writer(model=answering.breaker is not None)
    events = answering.answerer.ask(question, principal=principal.id, tenant=principal.tenant, wishes=wishes)

    @cache  # the same link wherever it stands in the answer, though its signature tells the time
    def link(passage_id: str, span: tuple[int, int] | None = None) -> str:
        return source_url(request, passage_id, span)

    listed = body.extension.sources
    looked_at = LookedAt(
        link,
        filtered=wishes.where is not None,
        # Whoever wants the text in a form or up to a string gets nothing beside it.
        in_text=body.is_plain and not wishes.stop,
        markdown=listed,
    )
    wire = ChatWire(
        body.model, link, include_usage=body.include_usage, sources_block=listed, looked_at=looked_at
    )
    return StreamedAnswer(events, wire) if body.stream else WholeAnswer(events, wire)
