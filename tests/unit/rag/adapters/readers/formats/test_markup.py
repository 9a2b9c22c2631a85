"""reStructuredText and AsciiDoc: structure, tables, code and notes; what is included elsewhere is told."""

import time

import pytest
from doubles.word_files import document

RST = """
======
Leave
======

:Author: Ann

Twelve weeks with :ref:`the form <form>`, :py:func:`~datetime.date.today`, *em* and |days|.

.. |days| replace:: thirty days

.. note:: Ask *first*.

.. code-block:: python
   :linenos:

   x = 1  # :ref:`kept`, |kept| and \\kept

Pay
---

* One
* Two

===== =====
Year  Days
===== =====
2024  30
===== =====

.. list-table::
   :header-rows: 1

   * - Room
     - Price
   * - Suite
     - 90

.. include:: other.rst

.. a comment

Literal::

   a  |kept|
"""


def test_restructured() -> None:
    """Headings, roles, substitutions, notes, code, lists and tables."""
    made = document("leave.rst", RST)

    assert made.title == "Leave"
    assert made.metadata["authors"] == ("Ann",)
    for kept in (
        "# Leave\n",
        "Twelve weeks with the form, today, em and thirty days.",
        "> Note: Ask first.",
        "```python\nx = 1  # :ref:`kept`, |kept| and \\kept\n```",
        "## Pay\n",
        "- One\n- Two",
        "| Year | Days |\n| --- | --- |\n| 2024 | 30 |",
        "| Room | Price |\n| --- | --- |\n| Suite | 90 |",
        "a  |kept|",
    ):
        assert kept in made.text
    for gone in ("a comment", "linenos", "replace::", "include::"):
        assert gone not in made.text
    assert len(made.unread) == 1
    assert "other.rst" in made.unread[0]


def test_grid_tables_and_lists() -> None:
    """Cells of several lines are one cell, and a line that goes on with a bracket is no list."""
    made = document(
        "a.rst",
        "- The one who\n  has) three\n\n+---------+-----+\n| Head    | B   |\n| line    |     |\n+=========+=====+\n"
        "| two     | d   |\n| lines   |     |\n+---------+-----+\n",
    )

    assert made.text == "- The one who has) three\n\n| Head line | B |\n| --- | --- |\n| two lines | d |"


def test_marks_of_sphinx() -> None:
    """Directives and roles that are none of docutils' own keep what they say."""
    made = document(
        "a.rst",
        ".. toctree::\n   :caption: Parts\n\n   intro\n   The end <end>\n\n.. versionadded:: 3.1\n   The *foo*.\n\n"
        ".. py:function:: run(a, *, b=1)\n\n   Runs `it`.\n\n   :param a: first\n\n.. tab-set::\n\n   .. tab-item:: Linux\n\n"  # noqa: E501
        "      apt\n\n.. code-block:: python\n   :emphasize-lines: 1\n   :caption: Try\n\n   x = 1\n\nC:\\\\temp |later| :issue:`12`\n",  # noqa: E501
    )

    assert made.text == (
        "Parts\n\n- intro\n- The end\n\nAdded in version 3.1: The foo.\n\nrun(a, *, b=1)\n\nRuns it.\n\nparam a: first\n\n"  # noqa: E501
        "Linux\n\napt\n\nTry\n\n```python\nx = 1\n```\n\nC:\\temp |later| 12"
    )


def test_what_docutils_refuses() -> None:
    """What docutils takes for an error stands as it is written; files it may not read are told."""
    made = document(
        "a.rst",
        "Text |a|.\n\n.. |a| replace:: x |b|\n\n.. figure:: a.png\n   :bad: 1\n\n   Said.\n\n.. csv-table:: T\n   :file: b.csv\n",  # noqa: E501
    )

    assert made.text == "Text x |b|.\n\n```\n.. figure:: a.png\n   :bad: 1\n\n   Said.\n```"
    assert made.unread == ("b.csv, which it includes, was not read",)


ADOC = """= Leave
Ann Bee <ann@example.org>

Twelve weeksfootnote:[Of seven *days*.] by <<form,the form>>; see https://example.org[here].

// a comment
== Pay

NOTE: Ask first.

|===
|Year |Days

|2024
|30
|===

[source,python]
----
x = 1  // footnote:[kept] <<kept>>
----

* One
** Two

image::plan.png[The plan]

include::other.adoc[]

////
a comment block
////
"""


def test_asciidoc() -> None:
    """Headings, references, footnotes, tables, code, lists and what describes a picture."""
    made = document("leave.adoc", ADOC)

    assert made.title == "Leave"
    for kept in (
        "Twelve weeks[^1] by the form; see [here](https://example.org).",
        "## Pay",
        "Ask first.",
        "| Year | Days |\n| --- | --- |\n| 2024 | 30 |",
        "```python\nx = 1  // footnote:[kept] <<kept>>\n```",
        "- One\n  - Two",
        "The plan",
        "[^1]: Of seven *days*.",
    ):
        assert kept in made.text
    for gone in ("a comment", "include::", "image::"):
        assert gone not in made.text
    assert made.unread == ("other.adoc, which it includes, was not read",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.rst", "`" * 50_000 + "x"),
        ("a.rst", "text\n\n" + ".. |a" * 20_000),
        ("a.rst", "text " + ":a:`" * 20_000),
        ("a.rst", "*a " * 30_000),
        ("a.rst", "\n\n".join(" " * depth + "x" for depth in range(400))),
        ("a.adoc", "text footnote:[a" * 5_000),
        ("a.adoc", "text " + "<<" * 20_000),
        ("a.adoc", "text\n" + "////\n" * 10_001),
    ],
)
def test_hostile_markup(name: str, content: str) -> None:
    """Marks that open and never close take no time that grows with their square."""
    from doubles.word_files import records

    began = time.monotonic()
    assert len(records(name, content)) == 1
    assert time.monotonic() - began < 5


def rst(source: str) -> str:
    """Return the text of reStructuredText."""
    return document("a.rst", source).text


def test_directives_say_what_they_show() -> None:
    """Captions, titles, versions and signatures are text; a short note is read once."""
    assert rst(".. note:: Short.\n") == "> Note: Short."
    assert rst('.. csv-table:: Prices\n   :header: "A", "B"\n\n   1, 2\n') == (
        "Prices\n\n| A | B |\n| --- | --- |\n| 1 | 2 |"
    )
    assert rst(".. deprecated:: 1.2\n   Use other.\n") == "Deprecated since version 1.2: Use other."
    assert rst(".. py:function:: foo(a, b)\n\n   Does foo.\n") == "foo(a, b)\n\nDoes foo."
    assert rst(".. admonition:: Mind\n\n   Said.\n") == "> Mind\n>\n> Said."
    assert rst(">>> 1 + 1\n2\n") == "```\n>>> 1 + 1\n2\n```"


def test_grid_tables_with_several_lines() -> None:
    """A cell of several lines is one cell."""
    grid = "+---+-------+\n| A | B     |\n+===+=======+\n| 1 | two   |\n|   | lines |\n+---+-------+\n"

    assert rst(grid) == "| A | B |\n| --- | --- |\n| 1 | two lines |"


def test_files_that_are_taken_in_are_named() -> None:
    """Code and tables from other files are named as not read."""
    made = document("a.rst", "Text.\n\n.. literalinclude:: a.py\n\n.. csv-table:: T\n   :file: b.csv\n")

    assert made.unread == (
        "a.py, which it includes, was not read",
        "b.csv, which it includes, was not read",
    )


def test_asciidoc_tables() -> None:
    """Titles stay, spanning cells stand in each row and column, and tables of commas are tables."""
    source = (
        '.Prices\n[cols="1,1", options="header"]\n|===\n|A |B\n\n2+|both\n.2+|x |1\n|2\n|===\n\n'
        ",===\na,b\n1,2\n,===\n"
    )

    assert document("a.adoc", source).text == (
        "Prices\n\n| A | B |\n| --- | --- |\n| both | both |\n| x | 1 |\n| x | 2 |\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |"
    )


def test_marks_of_asciidoc_are_no_text() -> None:
    """Conditions, sidebars and references to other files leave their words alone."""
    source = "ifdef::x[]\nShown.\nendif::[]\n\n****\nAside.\n****\n\nSee xref:b.adoc[the other].\n"

    assert document("a.adoc", source).text == "Shown.\n\nAside.\n\nSee the other."


@pytest.mark.parametrize("name", ["a.rst", "a.adoc"])
def test_other_encodings(name: str) -> None:
    """What is not Unicode is read as it most likely is, and the guess is told."""
    made = document(name, "Grüße aus München.\n".encode("cp1252"))

    assert made.text == "Grüße aus München."
    assert made.unread[0].startswith("encoding guessed as Windows-125")
