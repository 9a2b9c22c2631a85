"""Front matter: what a text says of itself before it begins, in YAML between --- or TOML between +++."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any

from rag.domain.metadata import MAX_METADATA, MAX_NAME, MAX_NAMES, MAX_VALUE

if TYPE_CHECKING:
    import yaml

_YAML = re.compile(r"---[ \t]*\n(?P<fields>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\n(?P<fields>.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"(?P<name>[^\W\d][\w .-]*|\"[^\"\n]+\"|'[^'\n]+')[ \t]*:(?:[ \t]+(?P<value>.*))?")
_HEADED = re.compile(r"\s*\n|#[^\n]*\n[ \t]*\n")
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_BROKEN = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$")
_TRUTH = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")
_LONGEST = 50_000  # characters; more is no front matter
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a text says of itself."""

    title: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def parted(text: str) -> tuple[FrontMatter, str]:
    """Return the front matter of a text, and the text after it.

    A block between two rules is front matter where it gives names and values; otherwise it is text.
    """
    for form, read in ((_YAML, _yaml), (_TOML, _toml)):
        begin = len(text) - len(text.lstrip("\n"))
        head = form.match(text[begin : begin + _LONGEST])
        given = read(head["fields"]) if head else None
        if head and given is not None:
            return _front_matter(given), text[begin + head.end() :]
    return FrontMatter(), text


def _front_matter(given: dict[str, Any]) -> FrontMatter:
    title = ""
    kept: dict[str, Any] = {}
    left: list[str] = []
    size = 0
    for name, value in _flattened(given, ""):
        letters = len(name) + sum(len(str(each)) for each in (value if isinstance(value, list) else [value]))
        if name.lower() == "title" and not isinstance(value, list):
            title = " ".join(str(value).split())
        elif (
            len(kept) >= MAX_NAMES
            or len(name) > MAX_NAME
            or letters > MAX_VALUE
            or size + letters > MAX_METADATA
        ):
            left.append(name[:50])
        else:
            kept[name] = value
            size += letters
    more = f" and {len(left) - 5} others" if len(left) > 5 else ""
    why = f"front matter too long to keep as metadata: {', '.join(left[:5])}{more}"
    return FrontMatter(title=title, metadata=kept, unread=(why,) if left else ())


def _flattened(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield names and values; what is within another has both names, with a point between."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _flattened(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list):
        plain = [_scalar(each) for each in value if not isinstance(each, dict | list)]
        if plain:
            yield name, [each for each in plain if each is not None]
        several: dict[str, list[Any]] = {}
        for each in value:
            if isinstance(each, dict | list):
                for key, inner in _flattened(each, name, depth + 1):
                    several.setdefault(key, []).extend(inner if isinstance(inner, list) else [inner])
        yield from several.items()
    elif name.strip() and (scalar := _scalar(value)) is not None:
        yield name, scalar


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _yaml(fields: str) -> dict[str, Any] | None:
    """Return the fields that YAML gives; None where it is something else."""
    lines = [line for line in fields.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if not fields.strip():
        return {}
    # A heading and the blank line after it are a text's beginning, though YAML would take it for a comment.
    if _HEADED.match(fields) or not lines or not _FIELD.fullmatch(lines[0].rstrip()):
        return None
    try:
        # A tab is no blank to YAML, and is one to who writes it.
        return _named(_loaded(fields.expandtabs(2)))
    except ValueError:
        # A title with a colon in it is no YAML and is written all the same.
        return _by_lines(lines)


def _named(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _by_lines(lines: list[str]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for line in lines:
        match = _FIELD.fullmatch(line.rstrip())
        if match is None:
            return None
        value = (match["value"] or "").strip()
        try:
            read = _loaded(value)
        except ValueError:
            read = value
        found[match["name"].strip("\"'")] = value if isinstance(read, dict) else read
    return found


def _loaded(text: str) -> Any:
    """Return what YAML gives.

    Raises:
        ValueError: it is none, or one that names a part and repeats it, which may grow without end.
    """
    import yaml

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise ValueError("aliases are not read")
        return yaml.load(text, Loader=_loader())  # noqa: S506 - one of safe values
    except (yaml.YAMLError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


@cache
def _loader() -> type["yaml.SafeLoader"]:
    """Return YAML's reader of safe values, as version 1.2 has them.

    In 1.1, ``no`` is a truth value, 12:30 the number 750, and 010 the number 8.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {  # noqa: RUF012 - as its parent has it
            first: [each for each in known if each[0].rpartition(":")[2] not in ("bool", "int", "float")]
            for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    for kind, form, first in (
        ("bool", _TRUTH, "tTfF"),
        ("int", _WHOLE, "-+0123456789"),
        ("float", _BROKEN, "-+.0123456789"),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", form, list(first))
    return Loader


def _toml(fields: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(fields)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
