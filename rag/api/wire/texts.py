"""Text in requests."""

from typing import Annotated

from pydantic import AfterValidator, Field

LONGEST_URI = 2_000
"""Characters of a uri or an address in a request; from files and folders longer ones are kept as well."""

LONGEST_TITLE = 1_000
"""Characters of a title in a request; the library keeps the start of it."""


def _encodable(text: str) -> str:
    """Refuse lone surrogates: valid JSON, but no text that could be stored or hashed."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds characters that are not text; send proper Unicode") from error
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character; send proper text")
    return text


Text = Annotated[str, AfterValidator(_encodable)]
"""A string that can be stored, by PostgreSQL once NUL is taken out of it."""

TextWithoutNul = Annotated[Text, AfterValidator(_without_nul)]
"""A string that is stored as it is."""

Uri = Annotated[Text, Field(max_length=LONGEST_URI)]
Title = Annotated[Text, Field(max_length=LONGEST_TITLE)]
