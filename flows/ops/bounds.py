"""What the operators' requests have in common: how long a list may be, how long a comment, and no unknown fields."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from retrain.promotion.approval import MAX_COMMENT


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC, which it is taken for where it names no zone; ValueError where UTC has no such year."""
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a moment between the years 1 and 9999 in UTC") from None


Limit = Annotated[int, Query(ge=1, le=500)]
Since = Annotated[
    datetime | None,
    AfterValidator(lambda moment: None if moment is None else in_utc(moment)),
    Query(description="A day or a time in ISO format; UTC unless it says otherwise."),
]
ReportLimit = Annotated[int, Query(ge=1, le=200)]  # a drift report is read with its page, which is large
Comment = Annotated[str, Field(max_length=MAX_COMMENT, description="Kept with the decision.")]
NeededComment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_COMMENT)]
Tenant = Annotated[
    str,
    Query(
        alias="tenant",
        pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._\-]{0,99})$",
        description="Whose questions; *: those of all tenants together. Default: the installation's own.",
    ),
]
Reason = Annotated[str, Field(max_length=MAX_COMMENT, description="Kept in the audit trail.")]


class Body(BaseModel, extra="forbid"):
    """A request's body; a misspelt "override" must not pass for a plain approval."""
