"""Mail: who wrote what to whom and when, and what is attached."""

import base64
import email.message
import email.policy
from typing import Any

import pytest
from doubles.word_files import failure, paragraph, records, word

from rag.domain import Document
from rag.library.documents import ReadFailure


def mail(
    subject: str = "Report", body: str = "The report is late.", **fields: str
) -> email.message.EmailMessage:
    """Return a mail with a plain body."""
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["Subject"] = subject
    for name, value in fields.items():
        made[name] = value
    made.set_content(body)
    return made


def read(made: email.message.EmailMessage | bytes) -> list[Document | ReadFailure]:
    """Return what is read of a mail."""
    return records("a.eml", made if isinstance(made, bytes) else bytes(made))


def first(made: email.message.EmailMessage | bytes) -> Document:
    """Return the document of the mail itself."""
    document = read(made)[0]
    assert isinstance(document, Document)
    return document


def test_fields_and_body() -> None:
    """The subject is the title, the fields are metadata and the text's head."""
    made = first(
        mail(
            "Übersicht",
            "Twelve weeks, ünï.\n",
            From="Ann Bee <ann@example.org>",
            To='bob@example.org, "Car, L" <car@example.org>',
            Cc="dee@example.org",
            Date="Fri, 01 Mar 2024 10:00:00 +0100",
        )
    )

    assert made.title == "Übersicht"
    assert made.metadata == {
        "from": "Ann Bee <ann@example.org>",
        "to": ("bob@example.org", "Car, L <car@example.org>"),
        "cc": ("dee@example.org",),
        "date": "2024-03-01T10:00:00+01:00",
        "subject": "Übersicht",
    }
    assert made.text.startswith("From: Ann Bee <ann@example.org>  \nTo: bob@example.org")
    assert made.text.endswith("\n\nTwelve weeks, ünï.")


def test_richer_form_is_read_once() -> None:
    """Of a plain and an HTML form the HTML is read, without pictures' bytes."""
    made = mail(body="Plain form.")
    made.add_alternative(
        "<html><body><p>Rich form, ünï.</p><img src='data:image/png;base64,AAAA'></body></html>",
        subtype="html",
    )

    text = first(made).text

    assert "Rich form, ünï." in text
    assert "Plain form." not in text
    assert "AAAA" not in text


def test_attachments_are_documents() -> None:
    """Each attachment of a known kind is a document of its own; others are named; two of one name are two."""
    made = mail()
    for said in ("One.", "Two."):
        made.add_attachment(
            word(paragraph(said)), maintype="application", subtype="octet-stream", filename="a b.docx"
        )
    made.add_attachment(b"\0", maintype="application", subtype="octet-stream", filename="x.bin")
    made.add_attachment(b"\0", maintype="application", subtype="octet-stream")
    inner = mail("Inner", "The inner mail.")
    inner.add_attachment(b"deep text", maintype="text", subtype="plain", filename="deep.txt")
    made.add_attachment(inner)

    around, *inside = read(made)

    assert isinstance(around, Document)
    assert around.unread == (
        "the attachment x.bin was not read: it ends in '.bin', for which there is no reader",
        "the attachment part 4 was not read: it has no ending that tells its kind",
    )
    assert {each.uri: each.text for each in inside if isinstance(each, Document)} == {
        "upload:a.eml#a%20b.docx": "One.",
        "upload:a.eml#a%20b.docx%20%282%29": "Two.",
        "upload:a.eml#Inner.eml": "The inner mail.",
        "upload:a.eml#Inner.eml#deep.txt": "deep text",
    }


def test_attachments_that_cannot_be_read_fail_alone() -> None:
    """A damaged attachment is a failure of its own; the mail is read."""
    made = mail()
    made.add_attachment(b"no zip", maintype="application", subtype="octet-stream", filename="a.docx")

    around, inside = read(made)

    assert isinstance(around, Document)
    assert isinstance(inside, ReadFailure)
    assert inside.uri == "upload:a.eml#a.docx"
    assert inside.reason.startswith("is not a DOCX that can be read")


def test_names_lead_nowhere() -> None:
    """A name with steps upwards is a name and no path."""
    made = mail()
    made.add_attachment(b"text", maintype="text", subtype="plain", filename="../../etc/passwd.txt")

    assert read(made)[1].uri == "upload:a.eml#etc%2Fpasswd.txt"


def test_mails_in_mails_end_somewhere() -> None:
    """Mails within mails are opened to a depth, and the last one tells what was not."""
    made = mail("0")
    for number in range(1, 6):
        around = mail(str(number))
        around.add_attachment(made)
        made = around

    found = [each for each in read(made) if isinstance(each, Document)]

    assert [each.title for each in found] == ["5", "4", "3", "2"]
    assert found[-1].unread == (
        "the attachment 1.eml was not read: it lies in more than 3 files around it; unpack them first",
    )


@pytest.mark.parametrize("charset", ["latin-1", "utf-8", "unknown-8bit", "no-such"])
def test_charsets(charset: str) -> None:
    """The body is in the encoding it names; where that is unknown, it is read as best it can."""
    encoding = "utf-8" if charset in ("utf-8", "no-such") else "latin-1"
    raw = f"Subject: x\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\nCafé\r\n"  # noqa: E501

    made = first(raw.encode(encoding))

    assert made.text == "Café"
    assert bool(made.unread) == (charset == "unknown-8bit")


def test_without_a_body() -> None:
    """A mail without a body still says who wrote to whom."""
    assert first(mail(body="", From="ann@example.org")).text == "From: ann@example.org"


def test_what_is_no_mail() -> None:
    """Foreign files fail with a reason; damaged ones give what they hold."""
    assert (
        failure("a.eml", b"just a text\n")
        == "is not a mail that can be read: it does not begin with header fields"
    )
    assert first(
        b"Subject: =?bad?x?=\r\nTo: <<>\r\nDate: never\r\nContent-Type: multipart/mixed\r\n\r\nbody"
    ).text


def test_logos_are_no_attachments() -> None:
    """A picture that the text shows is neither a document nor a failure."""
    made = mail()
    made.add_alternative("<p>Rich.</p><img src='cid:logo'>", subtype="html")
    form: Any = made.get_payload()[1]  # type: ignore[index]
    form.add_related(
        b"GIF89a", maintype="image", subtype="png", cid="logo", filename="logo.png", disposition="inline"
    )

    (around,) = read(made)

    assert isinstance(around, Document)
    assert around.unread == ()


@pytest.mark.parametrize(
    ("label", "encoding", "said"),
    [
        ("iso-8859-1", "cp1252", "5 € – „ok“"),
        ("gb2312", "gb18030", "朱镕基"),
        ("shift_jis", "cp932", "①日本語"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
    ],
)
def test_labels_as_mail_programs_read_them(label: str, encoding: str, said: str) -> None:
    """An encoding's label stands for what programs write under it, in the text and in encoded fields."""
    word = base64.b64encode(said.encode(encoding)).decode()
    head = f"Subject: =?{label}?B?{word}?=\r\nContent-Type: text/plain; charset={label}\r\n\r\n"

    made = first(head.encode() + said.encode(encoding))

    assert (made.title, made.text, made.unread) == (said, said, ())


def test_letters_that_nobody_encoded() -> None:
    """A field in plain letters beyond ASCII, and a page that alone says what it is in."""
    raw = "Subject: Grüße\r\nContent-Type: text/html\r\n\r\n<meta charset=windows-1252><p>Müller</p>"

    made = first(raw.encode("cp1252"))

    assert (made.title, made.text) == ("Grüße", "Müller")


def test_pages_in_mails_are_read_whole() -> None:
    """What web pages have around their text is text of a mail: headers, footers and lists of links."""
    page = "<header>Head</header><nav><a href='https://example.org/x'>Go</a></nav><p>Text.</p><footer>Firm</footer>"

    assert first(f"Content-Type: text/html\r\n\r\n{page}".encode()).text == (
        "Head\n\n[Go](https://example.org/x)\n\nText.\n\nFirm"
    )


def test_pictures_and_encoded_mails() -> None:
    """A picture is named without OCR, also one shown in the text alone; a mail that was encoded is read."""
    inner = base64.b64encode(b"Subject: in\r\n\r\nInner.").decode()
    raw = (
        "Subject: out\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\n\r\nOuter.\r\n"
        "--X\r\nContent-Type: image/png; name=a.png\r\nContent-Disposition: attachment; filename=a.png\r\n\r\nPNG\r\n"
        "--X\r\nContent-Type: image/jpeg; name=b.jpg\r\nContent-Disposition: inline; filename=b.jpg\r\n\r\nJPG\r\n"
        "--X\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=in.eml\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{inner}\r\n--X--\r\n"
    )

    outer, within = records("a.eml", raw)

    why = "was not read: it holds no text without OCR; WHETSTONE_OCR=true reads pictures"
    assert isinstance(within, Document)
    assert (within.title, within.text) == ("in", "Inner.")
    assert isinstance(outer, Document)
    assert outer.unread == (f"the attachment a.png {why}", f"the attachment b.jpg {why}")
