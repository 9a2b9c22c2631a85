"""What a judgement may hold."""

import pytest
from pydantic import ValidationError

from rag.api.routes.feedback import FeedbackRequest


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b", "x" * 4_001])
@pytest.mark.parametrize("name", ["interaction_id", "clicked_passage", "corrected_passage", "comment"])
def test_what_no_database_holds_is_refused(name: str, value: str) -> None:
    """NUL, half a character and what is too long are the sender's fault in each of its texts, and named."""
    with pytest.raises(ValidationError) as caught:
        FeedbackRequest.model_validate({"interaction_id": "none", "rating": 1, name: value})

    assert [(name,)] == [error["loc"] for error in caught.value.errors()]
