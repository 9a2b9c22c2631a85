"""The text of bytes: by mark, by label, as UTF-8, and by a guess that is told."""

import codecs

import pytest

from rag.adapters.encodings import Decoded, codec_of, decoded, unicode_of
from rag.errors import UnreadableDocument


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "“£40” – it’s €"),
        ("latin1", "cp1252", "“£40”"),
        ("us-ascii", "cp1252", "naïve"),
        (" Windows-1252 ", "cp1252", "“£40”"),
        ("iso-8859-9", "cp1254", "“şeker”"),
        ("tis-620", "cp874", "เก้า…"),
        ("gb2312", "gb18030", "会议室，朱镕基"),
        ("gbk", "gb18030", "会议室"),
        ("x-sjis", "cp932", "会議①～"),
        ("shift_jis", "cp932", "会議①"),
        ("euc-jp", "euc_jp", "会議"),
        ("iso-2022-jp", "iso2022_jp", "会議"),
        ("big5", "big5hkscs", "會議室"),
        ("ks_c_5601-1987", "cp949", "사무실 똠"),
        ("Windows-1251", "cp1251", "Плата"),
        ("koi8-r", "koi8_r", "Плата"),
        ("iso-8859-2", "iso8859_2", "złotych"),
        ("macintosh", "mac_roman", "café"),
        ("cp437", "cp437", "│ é"),
        ("utf-16", "utf-16-le", "会議"),
        ("utf-16be", "utf-16-be", "text"),
        ("utf-32le", "utf-32-le", "text"),
        ("hz-gb-2312", "hz", "会议"),
    ],
)
def test_labels_are_read_as_browsers_read_them(label: str, encoding: str, text: str) -> None:
    """A label means the encoding that the Encoding standard gives it, not the one of that very name."""
    assert decoded(text.encode(encoding), labels=[label]) == Decoded(text)


@pytest.mark.parametrize("label", ["", "nonsense", "base64", "zip", "idna", "rot13", "ünïcode", "undefined"])
def test_a_label_of_no_encoding_of_text_is_none(label: str) -> None:
    """What is no name of an encoding counts as no label."""
    assert codec_of(label) is None
    assert decoded("é".encode(), labels=[label, None]) == Decoded("é")


def test_the_first_known_label_counts() -> None:
    """Labels are asked in the order of trust."""
    assert decoded(b"\xcf", labels=[None, "none", "windows-1251", "latin1"]) == Decoded("П")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_goes_first(encoding: str) -> None:
    """A mark outweighs every label, and is no part of the text."""
    data = ("\ufeff" + "naïve\r\n漢字\rend").encode(encoding)

    assert decoded(data, labels=["latin1"]) == Decoded("naïve\n漢字\nend")
    assert unicode_of(data) == "naïve\n漢字\nend"


@pytest.mark.parametrize(
    "mark", [codecs.BOM_UTF8 + b"\xff", codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF32_LE + b"a"]
)
def test_a_mark_that_lies_is_told(mark: bytes) -> None:
    """What begins as one encoding and is another fails with what to do."""
    with pytest.raises(
        UnreadableDocument, match=r"byte order mark says UTF.*the rest does not fit.; save it as UTF-8"
    ):
        decoded(mark)
    with pytest.raises(
        UnreadableDocument, match=r"byte order mark says UTF.*the rest does not fit.; save it as UTF-8"
    ):
        unicode_of(mark)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["The fee is 40.\nIt is due in May.\n", "会议室在二楼\n请登记\n", "Плата – 9 рублей\n"]
)
def test_wide_letters_without_a_mark(text: str, encoding: str) -> None:
    """UTF-16 and UTF-32 without a mark are told by their zeros, never taken for UTF-8 with zeros in it."""
    assert decoded(text.encode(encoding)) == Decoded(
        text,
        (f"encoding guessed as {encoding.upper()}; save it as UTF-8",),
    )


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("Windows-1252", "Die Gebühr beträgt 40 € – für die ganze Straße."),
        ("Windows-1252", "It’s £40 – naïve “quotes” here."),
        ("Windows-1252", "Fee is £40 per person, due in May."),
        ("Windows-1252", "La città è chiusa perché è già tardi"),
        ("Windows-1252", "La tarifa está incluida en el señorío “año”."),
        ("Windows-1252", "Åbningstider på søndage er ændret, gebyret er 5 kr."),
        ("Windows-1252", "Pääsymaksu on yhdeksän euroa, äänestys päättyy"),
        ("Windows-1250", "Zażółć gęślą jaźń. Opłata wynosi dziewięć złotych."),
        ("ISO-8859-2", "Opłata wynosi dziewięć złotych miesięcznie, śniadanie w cenie."),
        ("Windows-1254", "Ücret ayda dokuz liradır, öğrenciler için ücretsiz değildir."),
        ("Windows-1251", "Плата составляет девять рублей в месяц."),
        ("KOI8-R", "Плата составляет девять рублей в месяц."),
        ("IBM866", "Плата составляет девять рублей в месяц."),
        ("Windows-1255", "התשלום הוא תשעה שקלים לחודש."),
        ("Windows-1256", "الرسوم تسعة دنانير في الشهر."),
        ("CP932", "会議室は二階です。予約は受付で行います。"),
        ("GB18030", "办公室在二楼，请在前台登记。"),
        ("CP949", "사무실은 이층에 있습니다. 접수처에서 등록하십시오."),
    ],
)
def test_a_guess_is_told(encoding: str, text: str) -> None:
    """Text without a label that is not UTF-8 is read as what it most likely is, and the reason names it."""
    assert decoded(text.encode(encoding)) == Decoded(
        text, (f"encoding guessed as {encoding}; save it as UTF-8",)
    )


def test_japanese_in_escapes_is_seen() -> None:
    """ISO-2022-JP is made of ASCII bytes and would pass for UTF-8."""
    read = decoded("会議室は二階です。".encode("iso2022_jp"))

    assert read.text == "会議室は二階です。"
    assert read.unread[0].startswith("encoding guessed as ISO-2022-JP")


def test_a_fault_does_not_turn_the_whole_text_into_other_letters() -> None:
    """A text in UTF-8 with a broken byte stays UTF-8, and the place is counted."""
    data = "Плата составляет девять рублей".encode() + b" \x93 " + "в месяц".encode()

    assert decoded(data) == Decoded(
        "Плата составляет девять рублей \ufffd в месяц", ("1 place is no UTF-8 and stands as \ufffd",)
    )
    labelled = decoded(
        "会议室在二楼，请在前台登记。办公室在二楼。请登记".encode("gb18030") + b"\xff!", labels=["gb2312"]
    )
    assert labelled.text.endswith("请登记\ufffd!")
    assert labelled.unread == ("1 place is no GB18030 and stands as \ufffd",)
    assert decoded(b"caf\xe9 is open \x81 all day", labels=["latin1"]).text == "café is open \ufffd all day"


def test_a_label_that_the_bytes_contradict() -> None:
    """UTF-8 that is labelled otherwise is UTF-8, and that is told; so is a label of UTF-8 on something else."""
    assert decoded("Öl – 5 €".encode(), labels=["latin1"]) == Decoded(
        "Öl – 5 €", ("encoding guessed as UTF-8, not Windows-1252 as labelled",)
    )
    assert decoded(b"Hello", labels=["utf-16"]) == Decoded(
        "Hello", ("encoding guessed as UTF-8, not UTF-16-LE as labelled",)
    )
    read = decoded("Die Gebühr beträgt 40 €.".encode("cp1252"), labels=["utf-8"])
    assert read == Decoded(
        "Die Gebühr beträgt 40 €.", ("encoding guessed as Windows-1252; save it as UTF-8",)
    )
    assert decoded(b"plain", labels=["latin1"]) == Decoded("plain")


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"\x7fELF" + bytes(3_000), b"\xff\xd8\xff" + b"\0\x01" * 999],
)
def test_what_is_no_text_fails(data: bytes) -> None:
    """Bytes of a picture or a program are no letters in any encoding."""
    with pytest.raises(UnreadableDocument, match="is not text in any encoding"):
        decoded(data)


def test_unicode_alone() -> None:
    """Where a guess could turn text into other letters unseen, only Unicode is read."""
    assert unicode_of("a\r\nß".encode()) == "a\nß"
    with pytest.raises(UnreadableDocument, match=r"is not UTF-8 text \(byte 4 is 0xdf\); save it as UTF-8"):
        unicode_of("Straße".encode("latin-1"))


def test_a_guess_takes_no_long_time() -> None:
    """Twenty megabytes are guessed from their beginning, and each byte is looked at a few times only."""
    data = ("Die Gebühr beträgt 40 € – für die ganze Straße. " * 420_000).encode("cp1252")

    assert decoded(data).unread == ("encoding guessed as Windows-1252; save it as UTF-8",)
