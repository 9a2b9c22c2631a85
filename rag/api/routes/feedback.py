"""What a person thinks of an answer."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, model_validator

from rag.api.guards.roles import allow
from rag.api.serving import principal_of, serving_of
from rag.api.wire.texts import TextWithoutNul
from rag.domain import Feedback, Role, new_id, utcnow

router = APIRouter(prefix="/v1/feedback", tags=["feedback"], dependencies=[allow(Role.READER)])


_Id = Annotated[TextWithoutNul, Field(max_length=200)]


class FeedbackRequest(BaseModel):
    """A judgement; at least one of its parts has to be there."""

    interaction_id: _Id
    rating: Literal[-1, 1] | None = None
    clicked_passage: _Id | None = None
    corrected_passage: _Id | None = None
    comment: Annotated[TextWithoutNul, Field(max_length=4_000)] = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.rating or self.clicked_passage or self.corrected_passage or self.comment):
            raise ValueError("give a rating (1 or -1), clicked_passage, corrected_passage or comment")
        return self


@router.post("", status_code=201)
async def give_feedback(request: Request, response: Response, body: FeedbackRequest) -> dict[str, str]:
    """Keep a judgement on an interaction; 202 where it is kept beside the database and brought there later."""
    serving, principal = serving_of(request), principal_of(request)
    feedback = Feedback(
        id=new_id(),
        interaction_id=body.interaction_id,
        tenant=principal.tenant,
        principal=principal.id,
        given_at=utcnow(),
        rating=body.rating,
        clicked_passage=body.clicked_passage,
        corrected_passage=body.corrected_passage,
        comment=body.comment,
    )
    if not await serving.logs.feedback.write(feedback):
        response.status_code = 202
    return {"id": feedback.id, "interaction_id": feedback.interaction_id}
