"""OCR: what it needs, and what it reads where that is there."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from doubles.papers import document, drawn, failure, lines
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader

from rag.adapters.parsing import ApartReader, Processes
from rag.adapters.parsing.process import Limits
from rag.adapters.readers import FORMATS
from rag.adapters.readers.ocr import DATA_FOLDERS, Ocr, ReadLine
from rag.bootstrap.parts import ocr_of
from rag.domain import Document
from rag.errors import SettingInvalid
from rag.settings import Settings

PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def shown(*texts: str) -> Image.Image:
    """Return a picture of a page with lines of text."""
    picture = Image.new("L", (1240, 600), 255)
    draw = ImageDraw.Draw(picture)
    for number, text in enumerate(texts):
        draw.text((120, 80 + 60 * number), text, font=ImageFont.load_default(36), fill=0)
    return picture


def saved(picture: Image.Image, ending: str, **more: Any) -> bytes:
    """Return a picture as a file."""
    Image.init()
    made = BytesIO()
    picture.save(made, Image.EXTENSION[ending], **more)
    return made.getvalue()


@pytest.fixture
def engine() -> Ocr:
    """Give OCR for English; what needs it is left out where there is no language data."""
    try:
        return Ocr.on_this_machine(["eng"])
    except SettingInvalid:
        pytest.skip("no language data of Tesseract on this machine (Debian: tesseract-ocr-eng)")


class Typist(Ocr):
    """Reads every picture as the same two lines, as an engine would give them."""

    def lines(self, picture: bytes) -> list[ReadLine]:
        """Return two lines of a PNG."""
        assert picture.startswith(b"\x89PNG")
        return [
            ReadLine(text="The invoice number", left=100, top=100, width=700, height=40),
            ReadLine(text="is 4711.", left=100, top=150, width=300, height=40),
        ]


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Ocr:
    """Give an engine that reads one thing in every picture."""
    monkeypatch.setattr(Ocr, "lines", Typist.lines)
    return Ocr(languages=("eng",), folder="/nowhere")


@pytest.mark.parametrize("ending", PICTURES)
def test_pictures_without_ocr(ending: str) -> None:
    """A picture is a file of a known kind, and says what would read it."""
    assert ending in FORMATS
    assert "holds no text without OCR; WHETSTONE_OCR=true reads pictures" == failure(
        saved(shown("Hello."), ending), name=f"scan{ending}"
    )


@pytest.mark.parametrize("ending", PICTURES)
def test_pictures(ending: str, typist: Ocr) -> None:
    """A picture's text is a document with the file's name, its lines joined."""
    made = document(saved(shown("Hello."), ending), name=f"scan{ending}", ocr=typist)

    assert ("scan", "The invoice number is 4711.") == (made.title, made.text)


def test_pages_of_a_tiff(typist: Ocr) -> None:
    """Each of its pages is read, and located."""
    content = saved(shown("One."), ".tif", save_all=True, append_images=[shown("Two."), shown("Three.")])

    assert ["1", "2", "3"] == [each.name for each in document(content, name="fax.tif", ocr=typist).locators]


@pytest.mark.parametrize("content", [b"", b"no picture", saved(shown("x"), ".png")[:60]])
def test_broken_pictures(content: bytes, typist: Ocr) -> None:
    """What is no picture fails with a reason."""
    assert failure(content, name="x.png", ocr=typist).startswith("is not a picture that can be read")


def test_a_picture_that_is_far_too_large(typist: Ocr) -> None:
    """A small file that unpacks to a gigabyte is refused before it is."""
    content = saved(Image.new("1", (30_000, 30_000)), ".png")

    assert len(content) < 1_000_000
    assert "pixels" in failure(content, name="bomb.png", ocr=typist)


def test_scanned_pages(typist: Ocr) -> None:
    """Pages without text are read by OCR, the others are not, and nothing is left to tell."""

    def scan(canvas: Any) -> None:
        canvas.drawImage(ImageReader(shown("A page.")), 0, 0, 595, 842)

    made = document(drawn(lines("One."), scan, lines("Three.")), ocr=typist)

    assert ("One.\n\nThe invoice number is 4711.\n\nThree.", ()) == (made.text, made.unread)
    assert ["1", "2", "3"] == [each.name for each in made.locators]


def test_language_data_is_found(tmp_path: Path) -> None:
    """The folder that has the data of all languages is taken."""
    for language in ("eng", "deu", "osd"):
        (tmp_path / f"{language}.traineddata").touch()

    assert Ocr(languages=("eng", "deu"), folder=str(tmp_path)) == Ocr.on_this_machine(
        ["eng", "deu"], tmp_path
    )


@pytest.mark.parametrize(
    ("languages", "package"), [(["fra"], "tesseract-ocr-fra"), ([], "tesseract-ocr-eng")]
)
def test_language_data_that_is_missing(tmp_path: Path, languages: list[str], package: str) -> None:
    """The error names what was sought, what there is, and what to install; nothing is fetched."""
    (tmp_path / "deu.traineddata").touch()

    with pytest.raises(SettingInvalid) as raised:
        Ocr.on_this_machine(languages, tmp_path)

    assert all(each in str(raised.value) for each in ("deu", str(tmp_path), package, "WHETSTONE_OCR_DATA"))


def test_data_that_goes_away(tmp_path: Path) -> None:
    """Where the data is gone later the file fails; the engine would look for it in the network."""
    gone = Ocr(languages=("eng",), folder=str(tmp_path))

    assert "the language data is gone" in failure(saved(shown("x"), ".png"), name="x.png", ocr=gone)


def test_the_settings(tmp_path: Path) -> None:
    """It is off until asked for; languages are written as Tesseract writes them."""
    for language in ("eng", "deu"):
        (tmp_path / f"{language}.traineddata").touch()

    assert ocr_of(Settings()) is None
    asked = ocr_of(Settings(ocr=True, ocr_languages="eng+deu", ocr_data=tmp_path))
    assert asked is not None
    assert ("eng", "deu") == asked.languages


def test_it_reaches_the_process_that_reads(tmp_path: Path) -> None:
    """The reader in its own process knows of it."""
    processes = Processes(Limits(memory_bytes=2_000_000_000, timeout_s=60, most_bytes=1_000_000), most=1)
    gone = Ocr(languages=("eng",), folder=str(tmp_path))
    try:
        reader = ApartReader(processes, max_bytes=10_000_000, ocr=gone)
        (made,) = reader.read(saved(shown("x"), ".png"), filename="x.png", uri="upload:x.png", tenant="acme")
    finally:
        processes.close()

    assert "the language data is gone" in getattr(made, "reason", "")


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif"])
def test_a_real_engine(ending: str, engine: Ocr) -> None:
    """Tesseract reads printed words in a confined process, without a program of its own."""
    processes = Processes(Limits(memory_bytes=2_000_000_000, timeout_s=120, most_bytes=1_000_000), most=1)
    picture = shown("The shuttle leaves at half past six.", "Whoever needs a seat writes before noon.")
    try:
        reader = ApartReader(processes, max_bytes=10_000_000, ocr=engine)
        (made,) = reader.read(saved(picture, ending), filename=f"x{ending}", uri="upload:x", tenant="acme")
    finally:
        processes.close()

    assert isinstance(made, Document)
    assert "shuttle leaves at half past six" in made.text


def test_a_real_engine_reads_columns(engine: Ocr) -> None:
    """A scanned page in two columns is read down the first before the second."""
    picture = Image.new("L", (1240, 900), 255)
    draw = ImageDraw.Draw(picture)
    for column, word in ((80, "left"), (680, "right")):
        for number in range(8):
            draw.text(
                (column, 80 + 70 * number),
                f"This is the {word} column",
                font=ImageFont.load_default(34),
                fill=0,
            )

    words = document(saved(picture, ".png"), name="x.png", ocr=engine).text.split()

    assert words.index("right") > len(words) - words[::-1].index("left") - 1


def test_where_the_data_lies() -> None:
    """Debian's folder is among those that are looked at."""
    assert "/usr/share/tesseract-ocr/5/tessdata" in DATA_FOLDERS
