"""EPUB: the chapters of a book in the order of its spine."""

import io
import zipfile

from doubles.word_files import document, failure

OPF = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The Lighthouse</dc:title><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:language>en</dc:language>
<dc:date>2020-01-02</dc:date></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="two" href="a.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="z%20z.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/></spine></package>"""
CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="OPS/p.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""


def book(one: str, two: str, **parts: str) -> bytes:
    """Return a book of two chapters."""
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>{}</body></html>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/p.opf", OPF)
        archive.writestr(
            "OPS/nav.xhtml", page.format("<nav><ol><li><a href='a.xhtml'>Contents</a></li></ol></nav>")
        )
        archive.writestr("OPS/z z.xhtml", page.format(one))
        archive.writestr("OPS/a.xhtml", page.format(two))
        for name, content in parts.items():
            archive.writestr(f"META-INF/{name}.xml", content)
    return out.getvalue()


def test_chapters() -> None:
    """Chapters in the order of the spine, with headings, lists, tables, code and notes; no bytes of pictures."""
    made = document(
        "a.epub",
        book(
            "<h1>The storm</h1><p>It <em>rained</em> at C:\\new &lt;5&gt;.</p><aside><p>A note.</p></aside>"
            "<p><img src='data:image/png;base64,iVBORw0KGgo=' alt='The tower'/></p>",
            "<h1>The calm</h1><ul><li>One</li></ul><table><tr><th>Day</th></tr><tr><td>Monday</td></tr></table>"
            "<pre><code>x  = 1</code></pre>",
        ),
    )

    assert made.title == "The Lighthouse"
    assert made.metadata == {"authors": ("Ann", "Bob"), "created": "2020-01-02", "language": "en"}
    assert made.text.startswith("# The storm\n\nIt rained at C:\\new <5>.\n\nA note.\n\nThe tower")
    assert made.text.index("# The storm") < made.text.index("# The calm") < made.text.index("- One")
    assert "```\nx  = 1\n```" in made.text
    assert "iVBOR" not in made.text


def test_what_chapters_show() -> None:
    """Headings in a chapter's header, spanning cells in each row, formulas, and marks of notes; not what is hidden."""
    text = document(
        "a.epub",
        book(
            "<header><h1>One<a id='here'/></h1></header><p>Said<a xmlns:epub='http://www.idpf.org/2007/ops' "
            "epub:type='noteref' href='a.xhtml#n'>1</a>.</p><p hidden='hidden'>no</p><div/><p>After</p>"
            "<math alttext='x^2'><mi>x</mi></math>",
            "<table><tr><th>A</th><th>B</th></tr><tr><td rowspan='2'>r</td><td>1</td></tr><tr><td>2</td></tr></table>"
            "<footer>Foot</footer>",
        ),
    ).text

    assert text == (
        "# One\n\nSaid[1].\n\nAfter\n\n$x^2$\n\n| A | B |\n| --- | --- |\n| r | 1 |\n| r | 2 |\n\nFoot"
    )


def test_protected_books() -> None:
    """A book whose chapters are protected fails with a reason; one whose fonts are scrambled is read."""
    scrambled = "<encryption><CipherReference URI='OPS/{}'/></encryption>"

    assert failure("a.epub", book("<p>x</p>", "<p>y</p>", encryption=scrambled.format("a.xhtml"))) == (
        "is protected against copying; get it without protection"
    )
    assert (
        document("a.epub", book("<p>x</p>", "<p>y</p>", encryption=scrambled.format("font.otf"))).text
        == "x\n\ny"
    )


def test_what_is_no_book() -> None:
    """Foreign and damaged files fail with a reason."""
    assert failure("a.epub", b"text").startswith("is not an EPUB that can be read")
    assert failure("a.epub", book("", "")) == "holds no text"
