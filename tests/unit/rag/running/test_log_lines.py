"""The form of the log's lines."""

import json
import logging
import sys

import pytest

from rag.running.log_lines import JsonLines, TextLines, redacted
from rag.running.observing import request_id


def a_record(message: str, *args: object, exc_info: object = None) -> logging.LogRecord:
    """Make a warning."""
    return logging.LogRecord("rag.x", logging.WARNING, "x.py", 1, message, args, exc_info)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ***"),
        ("api_key=abcdef123456&x=1", "api_key=***&x=1"),
        ("{'password': 'hunter2hunter2'}", "{'password': '***'}"),
        ("key wk_abc.def-ghi_jkl refused", "key *** refused"),
        ("sk-proj-1234567890", "***"),
        ("postgresql://ada:lovelace@db:5432/x", "postgresql://***@db:5432/x"),
        ("12 tokens were counted", "12 tokens were counted"),
        ("loaded release 0f2c (encoder 53aa)", "loaded release 0f2c (encoder 53aa)"),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text: str, shown: str) -> None:
    """Keys and passwords never reach a log; ordinary words do."""
    assert redacted(text) == shown


def test_a_json_line_is_one_object_with_the_request_it_belongs_to() -> None:
    """A program reads each line alone, and a newline in a message cannot forge another one."""
    token = request_id.set("abc")
    try:
        line = JsonLines().format(a_record("asked %s\nERROR forged", "twice"))
    finally:
        request_id.reset(token)
    assert "\n" not in line
    read = json.loads(line)
    assert (read["level"], read["logger"], read["request_id"]) == ("warning", "rag.x", "abc")
    assert read["message"] == "asked twice\nERROR forged"
    assert read["ts"].endswith("+00:00")


def test_a_json_line_carries_a_traceback_without_its_secrets() -> None:
    """An exception's own text is blotted out as well."""
    try:
        raise ValueError("token=abcdef123456")
    except ValueError:
        read = json.loads(JsonLines().format(a_record("failed", exc_info=sys.exc_info())))
    assert "ValueError: token=***" in read["exception"]


def test_a_line_for_people_names_the_request_only_inside_of_one() -> None:
    """Outside of a request there is nothing to name."""
    outside = TextLines().format(a_record("hello"))
    token = request_id.set("abc")
    try:
        inside = TextLines().format(a_record("hello"))
    finally:
        request_id.reset(token)
    assert outside.endswith("WARNING rag.x: hello")
    assert inside.endswith("WARNING rag.x: hello [request abc]")
