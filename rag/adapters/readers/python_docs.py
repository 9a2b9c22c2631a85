"""The documentation of the running Python: its standard library's docstrings and the language's topics."""

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rag.adapters.readers.files import Records, document_or_failure
from rag.errors import Unavailable

NAME = "python-docs"
_PROGRAM = Path(__file__).with_name("python_docstrings.py")
_LIMIT_S = 120.0
_LANGUAGE = "language"  # the topic of what belongs to no module

_SIGNATURE = re.compile(r"[\w.]+\([^\n]*?\)(?:\s*->(?:(?! -- )[^\n])*)?(?:\s+--\s+(?P<summary>[^\n]*))?")
_SENTENCE = re.compile(
    r"(?P<first>.+?(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)(?<!cf)[.!?])[ ]+(?=[A-Z\"'`(*:])(?P<rest>.+)", re.DOTALL
)
_UNDERLINED = re.compile(r"^(?P<words>\S[^\n]*)\n(?P<mark>[*=\-~^\"])(?P=mark){2,}[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^ {0,3}(?=#)", re.MULTILINE)
_LONGEST_SUMMARY = 250  # characters; a longer opening is no summary
_FEWEST_WORDS = 4  # a text shorter than this says nothing without its summary


def read(*, tenant: str) -> Records:
    """Yield a document for each docstring and topic, in a fixed order, the same text only once.

    A docstring's summary line, where more text follows it, is taken out of the text and kept as the metadata
    ``summary``: a question with a known answer. ``topic`` is the top-level module.

    Raises:
        Unavailable: the interpreter that collects them failed.
    """
    seen: set[str] = set()
    for module, name, docstring in _docstrings():
        if module:
            summary, text = summary_and_text(docstring)
            # A comment in an example is no heading.
            text = _COMMENT.sub("    ", text)
            title, uri = name, f"{NAME}:{name}"
        else:
            summary, (title, text) = "", _topic(name, docstring)
            uri = f"{NAME}:topics/{name}"
        key = f"{summary}\n{text}"
        if not text or key in seen or text.startswith("Alias for field number"):
            continue
        seen.add(key)
        yield document_or_failure(
            uri=uri,
            text=text,
            title=title,
            tenant=tenant,
            source=NAME,
            metadata={"topic": module or _LANGUAGE} | ({"summary": summary} if summary else {}),
        )


def summary_and_text(docstring: str) -> tuple[str, str]:
    r"""Part a docstring into its summary and the text without it; the summary is empty where there is none.

    Example:
        >>> summary_and_text("pow(x, y) -> number\n\nRaise x to y.\n\nNegative y gives a float, always.")
        ('Raise x to y.', 'Negative y gives a float, always.')
    """
    whole = inspect.cleandoc(docstring)
    lines = whole.split("\n")
    summary = ""
    while lines and (signature := _SIGNATURE.fullmatch(lines[0].strip())):
        lines = "\n".join(lines[1:]).strip("\n").split("\n")
        summary = summary or (signature["summary"] or "").strip()
    body = "\n".join(lines).strip()
    if not body:
        return "", whole
    if summary:
        rest = body
    else:
        first, _, following = body.partition("\n\n")
        sentence = _SENTENCE.fullmatch(" ".join(first.split()))
        if sentence:
            summary = sentence["first"]
            rest = f"{sentence['rest']}\n\n{following}".strip()
        else:
            summary, rest = " ".join(first.split()), following.strip("\n")
        if len(summary) > _LONGEST_SUMMARY:
            return "", body
    rest = inspect.cleandoc(rest)
    if len(rest.split()) < _FEWEST_WORDS or _flat(summary) in _flat(rest):
        return "", body
    return summary, rest


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".")


def _topic(name: str, text: str) -> tuple[str, str]:
    """Return (title, text) of a language topic, its underlined headings written as in Markdown."""
    text = text.strip()
    heading = _UNDERLINED.match(text)
    if heading:
        text = text[heading.end() :].strip()
    text = _UNDERLINED.sub(lambda match: f"## {match['words']}", text)
    return (heading["words"] if heading else name), text


def _docstrings() -> Iterator[tuple[str, str, str]]:
    """Yield (top-level module, qualified name, docstring) from an isolated interpreter.

    -I and -S: no file in the working directory and no installed package can stand in for a standard module.
    """
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "SYSTEMROOT", "TMPDIR")
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", str(_PROGRAM)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            env=environment,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(
            f"Python's documentation could not be collected with {sys.executable}: {error}"
        ) from error
    for line in done.stdout.decode().splitlines():
        module, name, docstring = json.loads(line)
        yield module, name, docstring
