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
    assert made.unread == ("what csv-table takes from another file was not read",)


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
