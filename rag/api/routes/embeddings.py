"""Vectors of the live release's encoder, in OpenAI's form."""

import base64
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from rag.api.guards.roles import allow
from rag.api.serving import serving_of
from rag.api.wire.answers import unless_left
from rag.api.wire.model_names import EMBEDDING_MODEL, check_embedding_model
from rag.domain import Role
from rag.errors import InvalidInput
from rag.ports import Encoder, Vectors
from rag.questions.limits import is_text

router = APIRouter(prefix="/v1/embeddings", tags=["embeddings"], dependencies=[allow(Role.READER)])

_MAX_INPUTS = 512
_MAX_CHARS = 1_000_000
"""Characters of all inputs together."""
_BATCH = 32
"""Inputs embedded in one go: between two of them questions get their turn, and a client that left is noticed."""


class EmbeddingsRequest(BaseModel):
    """What to embed; fields of OpenAI's that are not here are ignored."""

    input: str | list[str] | list[int] | list[list[int]]
    model: Annotated[str, Field(max_length=200)] = EMBEDDING_MODEL
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = None
    input_type: Literal["query", "passage"] = "query"

    def texts(self) -> list[str]:
        """Return the texts.

        Raises:
            InvalidInput: there are none, too many, too long ones, blank ones, or tokens instead.
        """
        given = [self.input] if isinstance(self.input, str) else self.input
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            raise InvalidInput(
                "Arrays of tokens are not understood, their tokenizer is not this model's; send text."
            )
        if not 1 <= len(texts) <= _MAX_INPUTS:
            raise InvalidInput(f"1 to {_MAX_INPUTS} inputs are embedded in one request, not {len(texts)}.")
        if (chars := sum(map(len, texts))) > _MAX_CHARS:
            raise InvalidInput(
                f"The inputs have {chars} characters together; at most {_MAX_CHARS} are accepted in one request."
            )
        for at, text in enumerate(texts):
            if not text.strip() or not is_text(text):
                raise InvalidInput(f"Input {at} is blank or holds characters that are not text.")
        return texts


@router.post("", response_model=None)
async def embeddings(request: Request, body: EmbeddingsRequest) -> Response:
    """Embed texts as questions, or as passages where `input_type` says so."""
    texts = body.texts()
    with serving_of(request).answering.live.pin() as pinned:
        check_embedding_model(body.model, pinned)
        if body.dimensions not in (None, pinned.encoder.dimension):
            raise InvalidInput(
                f"dimensions can only be {pinned.encoder.dimension}, the model's own, not {body.dimensions}."
            )
        data: list[dict[str, Any]] = []
        tokens = 0
        async with unless_left(request.receive):
            for start in range(0, len(texts), _BATCH):
                batch = texts[start : start + _BATCH]
                vectors, counted = await to_thread.run_sync(_embedded, pinned.encoder, batch, body.input_type)
                tokens += counted
                data += [
                    {"object": "embedding", "index": len(data) + at, "embedding": value}
                    for at, value in enumerate(_written(vectors, body.encoding_format))
                ]
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "model": body.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        },
        headers={
            "X-Whetstone-Release": pinned.release.digest,
            "X-Whetstone-Epoch": str(pinned.epoch),
            "X-Whetstone-Encoder": pinned.encoder.digest,
        },
    )


def _embedded(encoder: Encoder, texts: list[str], kind: str) -> tuple[Vectors, int]:
    embed = encoder.encode_queries if kind == "query" else encoder.encode_passages
    return embed(texts), sum(encoder.count_tokens(texts))


def _written(vectors: Vectors, form: str) -> list[Any]:
    if form == "float":
        return list(vectors.tolist())
    # Little-endian float32, as OpenAI's clients read them.
    return [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors]
