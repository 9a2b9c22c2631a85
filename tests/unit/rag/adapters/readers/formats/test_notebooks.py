"""Notebooks: text, code and what it put out."""

import json
from typing import Any

from doubles.word_files import document, failure


def notebook(*cells: dict[str, Any], **about: Any) -> str:
    """Return a notebook of these cells."""
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5})


def code(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a cell of code."""
    return {
        "cell_type": "code",
        "source": source,
        "outputs": list(outputs),
        "metadata": {"tags": ["remove-cell"]},
    }


def shown(**data: str | list[str]) -> dict[str, Any]:
    """Return what a cell showed, by kind; __ for / in the names of kinds."""
    return {
        "output_type": "execute_result",
        "data": {name.replace("__", "/"): held for name, held in data.items()},
    }


def test_cells_in_order() -> None:
    """Markdown as it stands, code in fences with its language, text that was put out."""
    text = {"cell_type": "markdown", "source": ["# Rainfall\n", "where a < b and \\*x\\*"]}
    stream = {"output_type": "stream", "name": "stdout", "text": ["42 mm\n"]}

    made = document(
        "a.ipynb",
        notebook(
            text,
            code(["x = 1\n", "x"], stream, shown(text__plain="'done'")),
            kernelspec={"language": "python"},
        ),
    )

    assert made.title == "Rainfall"
    assert made.text == (
        "# Rainfall\nwhere a < b and \\*x\\*\n\n```python\nx = 1\nx\n```\n\n```\n42 mm\n```\n\n```\n'done'\n```"
    )


def test_tables_are_tables() -> None:
    """A data frame is read from its HTML, where its columns have names."""
    html = "<table><thead><tr><th>Town</th><th>mm</th></tr></thead><tbody><tr><td>Rome</td><td>42</td></tr></tbody></table>"  # noqa: E501

    text = document(
        "a.ipynb", notebook(code("df", shown(text__html=html, text__plain="  Town  mm\n0 Rome  42")))
    ).text

    assert text.count("Rome") == 1
    assert "<td>" not in text


def test_pictures_leave_no_bytes() -> None:
    """Pictures in outputs, attachments and data addresses are left out."""
    picture = shown(image__png="iVBORw0KGgo=", text__plain="<Figure size 640x480 with 1 Axes>")
    attached = {
        "cell_type": "markdown",
        "source": "See ![the plan](attachment:a.png) ![](data:image/png;base64,iVBORw0KGgo=) here.",
        "attachments": {"a.png": {"image/png": "iVBORw0KGgo="}},
    }

    text = document("a.ipynb", notebook(attached, code("plot()", picture))).text

    assert "iVBOR" not in text
    assert "Figure size" not in text
    assert "the plan" in text


def test_errors() -> None:
    """An error is its last lines, without colours."""
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "bad",
        "traceback": ["\x1b[31mValueError\x1b[0m: bad"],
    }

    assert document("a.ipynb", notebook(code("1/0", error))).text.endswith("```\nValueError: bad\n```")


def test_fences_in_code() -> None:
    """Code that holds a fence stands in a longer one."""
    assert document("a.ipynb", notebook(code("'''\n```\n'''"))).text == "````\n'''\n```\n'''\n````"


def test_old_notebooks() -> None:
    """Notebooks of the third format have their cells on sheets."""
    old = {
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 2, "source": "Old"},
                    {"cell_type": "code", "input": "x"},
                ]
            }
        ]
    }

    assert document("a.ipynb", json.dumps(old)).text == "## Old\n\n```\nx\n```"


def test_what_is_no_notebook() -> None:
    """Other JSON, odd JSON and empty notebooks fail with a reason."""
    assert failure("a.ipynb", "{broken").startswith("is not a notebook that can be read")
    assert failure("a.ipynb", "[" * 100_000).startswith("is not a notebook that can be read")
    assert failure("a.ipynb", "[1]") == "is not a notebook that can be read: it has no list of cells"
    assert failure("a.ipynb", notebook()) == "holds no text"
    odd = notebook(
        {"cell_type": 5, "source": 7}, {"cell_type": "code", "source": None, "outputs": "x"}, authors=[5]
    )
    assert failure("a.ipynb", odd) == "holds no text"


def test_what_a_terminal_shows() -> None:
    """A line that was written over is its last state; an object that stands for a page is the page; JSON is text."""
    outputs = [
        {"output_type": "stream", "text": " 1%\r50%\r100%\ndone\n"},
        {"data": {"text/plain": "<IPython.core.display.HTML object>", "text/html": "<p>Shown</p>"}},
        {"data": {"text/plain": "<IPython.core.display.JSON object>", "application/json": {"k": 1}}},
    ]
    content = json.dumps({"cells": [{"cell_type": "code", "source": "", "outputs": outputs}]})

    assert document("a.ipynb", content).text == '```\n100%\ndone\n```\n\nShown\n\n```json\n{\n "k": 1\n}\n```'


def test_other_encodings_are_told() -> None:
    """A notebook that is not Unicode is read as it most likely is, and says so."""
    content = json.dumps({"cells": [{"cell_type": "markdown", "source": "Grüße"}]}, ensure_ascii=False)

    made = document("a.ipynb", content.encode("cp1252"))

    assert made.text == "Grüße"
    assert made.unread[0].startswith("encoding guessed as Windows-125")
