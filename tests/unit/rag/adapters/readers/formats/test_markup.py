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
        "Twelve weeks with the form, today, *em* and thirty days.",
        "Ask *first*.",
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
