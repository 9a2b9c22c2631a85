"""Text in requests."""

from typing import Annotated

from pydantic import AfterValidator


def _encodable(text: str) -> str:
    """Refuse lone surrogates: valid JSON, but no text that could be stored or hashed."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds characters that are not text; send proper Unicode") from error
    return text


Text = Annotated[str, AfterValidator(_encodable)]
"""A string that can be stored."""
