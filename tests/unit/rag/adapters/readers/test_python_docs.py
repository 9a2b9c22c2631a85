"""The documentation of the running Python."""

from pathlib import Path

import pytest

from rag.adapters.readers import read
from rag.adapters.readers.python_docs import summary_and_text
from rag.domain import Document, text_of


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """All of it, read once."""
    return [one for one in read("python-docs", tenant="acme", max_bytes=1) if isinstance(one, Document)]


def test_thousands_of_documents(documents: list[Document]) -> None:
    """There is enough to try everything on: documents, summaries and topics."""
    assert len(documents) > 4_000
    assert sum("summary" in one.metadata for one in documents) > 2_000
    assert len({one.metadata["topic"] for one in documents}) > 100
    assert all(one.text.strip() and one.title and one.source == "python-docs" for one in documents)


def test_every_uri_and_text_once(documents: list[Document]) -> None:
    """Re-exports and inherited docstrings are kept once."""
    assert len({one.uri for one in documents}) == len(documents)
    assert len({(one.metadata.get("summary"), one.text) for one in documents}) == len(documents)


def test_the_order_is_fixed(documents: list[Document]) -> None:
    """A second reading gives the same documents in the same order."""
    again = list(read("python-docs", tenant="acme", max_bytes=1))

    assert [one.uri for one in again] == [one.uri for one in documents]


def test_a_summary_is_not_in_its_text(documents: list[Document]) -> None:
    """The summary is a question whose answer must not quote it."""
    quoted = [one.uri for one in documents if (text_of(one.metadata, "summary") or "\0") in one.text]

    assert quoted == []


def test_a_known_method(documents: list[Document]) -> None:
    """A method is found under the name people write, with its summary apart."""
    known = {one.title: one for one in documents}

    made = known["collections.OrderedDict.move_to_end"]

    assert made.uri == "python-docs:collections.OrderedDict.move_to_end"
    assert made.metadata == {
        "topic": "collections",
        "summary": "Move an existing element to the end (or beginning if last is false).",
    }
    assert made.text == "Raise KeyError if the element does not exist."
    assert {"os.path.join", "functools.lru_cache", "json.dumps", "os.getcwd"} <= known.keys()
    assert 'The "assert" statement' in known


def test_nothing_in_the_working_directory_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named like a standard module does not stand in for it."""
    (tmp_path / "base64.py").write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    titles = {one.title for one in read("python-docs", tenant="t", max_bytes=1) if isinstance(one, Document)}

    assert "base64.b64encode" in titles


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("One line only.", ("", "One line only.")),
        ("Do it now.\n\n    Then wait for the end.", ("Do it now.", "Then wait for the end.")),
        ("Do it now.  Then wait for the end.", ("Do it now.", "Then wait for the end.")),
        ("f(x, y) -> z\n\nDo it now.\n\nThen wait for the end.", ("Do it now.", "Then wait for the end.")),
        ("f(x) -> z -- do it\n\nThen wait for the end.", ("do it", "Then wait for the end.")),
        ("f(x)\nf(x, y)\nDo it.\n\nThen wait for the end.", ("Do it.", "Then wait for the end.")),
        ("f(x) -> z", ("", "f(x) -> z")),
        ("Some, e.g. A or B.\n\nThen wait for the end.", ("Some, e.g. A or B.", "Then wait for the end.")),
        ("Do it.\n\nDo it. And do it. At once.", ("", "Do it.\n\nDo it. And do it. At once.")),
        ("Do it.\n\nToo short.", ("", "Do it.\n\nToo short.")),
        (
            "long " * 60 + "\n\nThen wait for the end.",
            ("", ("long " * 60).strip() + " \n\nThen wait for the end."),
        ),
    ],
)
def test_summary_and_text(docstring: str, expected: tuple[str, str]) -> None:
    """The first sentence and the rest; no summary where little or the same would be left."""
    assert summary_and_text(docstring) == expected
