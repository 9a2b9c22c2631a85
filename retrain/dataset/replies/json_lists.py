"""The JSON in a language model's reply: in fences, after other words, twice, broken off, or of another shape."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_FENCE = re.compile(r"```[ \t]*[\w-]*[ \t]*\n?(?P<inner>.*?)(?:```|\Z)", re.DOTALL)
_NAMED = re.compile(
    r"(?:questions?|quer(?:y|ies)|wordings?|paraphrases?|rewordings?|keywords?|texts?|items?|q)?[_ ]?\d*",
    re.IGNORECASE,
)
_PROMPT = ("passage", "count", "properties", "$defs")
"""Names of what the prompt and the form asked for hold; a reply repeats them, and means nothing by it."""
_NO_QUESTION = (
    "answer",
    "error",
    "message",
    "explanation",
    "reason",
    "reasoning",
    "language",
    "style",
    "type",
    "note",
)
_BROKEN = re.compile(r"[\"']questions?[\"']\s*:\s*\[")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MOST_TRIES = 200
_DEEPEST = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What was found of JSON in a reply."""

    items: list[str] | None  # None: there is none
    text: str  # the reply without fences, where there is none
    fenced: bool = False
    around: bool = False  # words stand beside it
    prompt: bool = False  # some of it is the prompt's
    broken: bool = False  # it ends in the middle


def listed(text: str) -> Listed:
    """Return the strings that a reply lists in JSON."""
    fences = [fence["inner"] for fence in _FENCE.finditer(text)]
    fenced = any(inner.strip() for inner in fences)
    inner = "\n".join(fences) if fenced else text
    around = fenced and bool(_FENCE.sub("", text).strip())
    values, beside = _values(inner)
    lists = [value for value in values if isinstance(value, dict) or _of_texts(value)]
    if lists:
        prompt = any(_is_prompt(value) for value in lists)
        items = [item for value in lists if not _is_prompt(value) for item in _strings(value)]
        beside = beside.strip(" \n\t,;`")
        if items or not (prompt and beside):
            return Listed(
                items=items,
                text=inner,
                fenced=fenced,
                around=around or bool(beside),
                prompt=prompt and not items,
            )
        return Listed(items=None, text=beside, fenced=fenced)
    if broken := _BROKEN.search(inner):
        rest = inner[broken.end() :]
        items = [json.loads(f'"{each}"', strict=False) for each in _STRING.findall(rest)]
        return Listed(
            items=items,
            text=inner,
            fenced=fenced,
            around=around,
            broken=not rest.rstrip(" \n`}").endswith("]"),
        )
    return Listed(items=None, text=inner, fenced=fenced)


def _values(text: str) -> tuple[list[Any], str]:
    """Return the JSON objects and lists in a text, and what stands between them."""
    decoder, found, between = json.JSONDecoder(strict=False), [], []
    at = tries = 0
    while tries < _MOST_TRIES and (start := re.compile(r"[{\[]").search(text, at)):
        tries += 1
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            end = start.end()
            between.append(text[at:end])
        else:
            between.append(text[at : start.start()])
            found.append(value)
        at = end
    between.append(text[at:])
    if not found and (value := _python(text)) is not None:
        return [value], ""
    return found, "".join(between)


def _python(text: str) -> Any:
    """Return what a reply says in Python's words, with single quotes or a comma too many."""
    literal = text.strip()
    if literal[:1] not in ("{", "[") or literal[-1:] not in ("}", "]"):
        return None
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _of_texts(value: Any) -> bool:
    return isinstance(value, list) and (
        not value or any(isinstance(each, str | dict | list) for each in value)
    )


def _is_prompt(value: Any) -> bool:
    return isinstance(value, dict) and any(name in value for name in _PROMPT) and "questions" not in value


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the texts of a value: of an object those under a name that says question, or of all that may be."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < _DEEPEST:
        for each in value:
            yield from _strings(each, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        named = [name for name in value if _NAMED.fullmatch(str(name))]
        for name in named or (name for name in value if str(name).casefold() not in _NO_QUESTION):
            yield from _strings(value[name], depth + 1)
