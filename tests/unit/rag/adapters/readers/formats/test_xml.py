"""XML: every text and attribute, with the names around it."""

import pytest
from doubles.word_files import document, failure


def test_records() -> None:
    """Fields are lines with their names, records have their titles as headings, attributes are kept."""
    made = document(
        "stock.xml",
        """<?xml version="1.0"?><stock><item id="7"><name>Pen</name><price currency="EUR">3</price><note/></item>
        <item id="8"><name>Ink</name><price>4</price></item></stock>""",
    )

    assert made.text == ("## Pen\n\nitem id: 7\nprice (currency: EUR): 3\n\n## Ink\n\nitem id: 8\nprice: 4")


def test_prose() -> None:
    """Text with marks in it is a paragraph, in its order; comments are none."""
    made = document(
        "a.xml",
        "<doc><title>Leave</title><p>Twelve <b>weeks</b> in all<!-- not this -->.</p><p><![CDATA[a < b]]></p></doc>",
    )

    assert made.title == "Leave"
    assert made.text == "# Leave\n\nTwelve weeks in all.\n\na < b"


def test_feeds_hold_pages() -> None:
    """HTML within an element is read as a page."""
    made = document(
        "a.xml",
        "<rss><item><title>News</title><encoded>&lt;p&gt;It &lt;b&gt;rained&lt;/b&gt;.&lt;/p&gt;</encoded></item></rss>",  # noqa: E501
    )

    assert "<" not in made.text
    assert "rained" in made.text


def test_known_kinds() -> None:
    """DocBook and XHTML go to their readers."""
    book = '<article xmlns="http://docbook.org/ns/docbook"><title>Leave</title><section><title>Pay</title><para>Thirty days.</para></section></article>'  # noqa: E501
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Leave</title></head><body><h1>Pay</h1><p>Thirty days.</p></body></html>'  # noqa: E501

    for content in (book, page):
        text = document("a.xml", content).text
        assert "# Pay" in text
        assert "Thirty days." in text


def test_declared_types_without_entities() -> None:
    """A document type that declares nothing is no harm, nor are the entities that HTML has."""
    made = document("a.xml", '<!DOCTYPE note SYSTEM "note.dtd"><note><to>Jos&eacute;</to></note>')

    assert made.text == "to: José"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    """The encoding is the one that the file declares."""
    content = f'<?xml version="1.0" encoding="{encoding}"?><a><b>Café</b></a>'.encode(encoding)

    assert document("a.xml", content).text == "b: Café"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str) -> None:
    """Entities of a file's own are refused: they may be bombs, or other files."""
    laughs = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'.encode(encoding)
    outside = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'.encode(encoding)

    for content in (laughs, outside):
        assert failure("a.xml", content).startswith("declares entities of its own")


def test_what_is_no_xml() -> None:
    """Broken, deep and empty files fail with a reason."""
    assert failure("a.xml", "<a><b></a>").startswith("is not XML that can be read: mismatched tag")
    assert failure("a.xml", "text").startswith("is not XML that can be read")
    assert failure("a.xml", "<a/>") == "holds no text"
    assert failure("a.xml", "<a>" * 50_000 + "x" + "</a>" * 50_000) == (
        "is nested more than 200 deep; it is broken, or hostile"
    )


def test_words_stay_apart() -> None:
    """Elements within a text part words, marks within a line do not; names of HTML's letters are letters."""
    content = "<r><d>Gas<p>one</p><p>two</p></d><e>H<sub>2</sub>O &nbsp;&eacute;</e></r>"

    assert document("a.xml", content).text == "Gas one two\n\nH2O é"


def test_pieces_of_pages() -> None:
    """A text with marks of HTML anywhere in it is read as a page is."""
    assert document("a.xml", "<r><d>See &lt;b&gt;this&lt;/b&gt;.</d></r>").text == "See this."


def test_docbook_by_its_type() -> None:
    """DocBook before version 5 is known by its document type."""
    head = '<!DOCTYPE article PUBLIC "-//OASIS//DTD DocBook XML V4.5//EN" "x.dtd">'
    rows = "<row><entry>a</entry><entry>1</entry></row>"
    table = (
        f"<informaltable><tgroup cols='2'><thead>{rows}</thead><tbody>{rows}</tbody></tgroup></informaltable>"
    )

    assert "| a | 1 |" in document("a.xml", f"{head}<article><title>T</title>{table}</article>").text
