"""Chat completions: the way any OpenAI client asks a question."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from rag.api.chat_wire import ChatRequest, ChatWire
from rag.api.roles import allow
from rag.api.serving import principal_of, serving_of, source_url
from rag.api.watched import StreamedAnswer, WholeAnswer
from rag.domain import Role

router = APIRouter(tags=["chat"], dependencies=[allow(Role.READER)])


@router.post("/v1/chat/completions", response_model=None)
async def chat_completions(request: Request, body: ChatRequest) -> Response:
    """Answer the last user message from the documents."""
    question, history = body.conversation()
    principal = principal_of(request)
    events = serving_of(request).answerer.ask(
        question,
        principal=principal.id,
        tenant=principal.tenant,
        history=history,
        max_tokens=body.limit,
        temperature=body.temperature,
        stop=body.stops,
    )
    wire = ChatWire(
        body.model,
        lambda passage_id: source_url(request, passage_id),
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
    )
    return StreamedAnswer(events, wire) if body.stream else WholeAnswer(events, wire)
