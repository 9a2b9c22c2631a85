"""Forms: values stand beside their labels, each once."""

from typing import Any

import pytest
from doubles.papers import document, drawn, lines
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, NumberObject


def labelled(label: str, value: str, y: float, **more: Any) -> Any:
    """Return what draws a label and a filled field right of it."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, y, label)
        canvas.acroForm.textfield(name=label, value=value, x=260, y=y - 6, width=200, height=20, **more)

    return draw


def every(*draws: Any) -> Any:
    """Return what draws all of them on a page."""
    return lambda canvas: [draw(canvas) for draw in draws]


def test_values_stand_beside_their_labels() -> None:
    """Each value follows its own label, though the file holds all labels first."""
    made = document(
        drawn(
            every(
                labelled("Name of the insured:", "Petronella Example", 700),
                labelled("Damage:", "Hail broke the roof", 660),
                labelled("Witness:", "", 620),
            )
        )
    )

    assert "Name of the insured: Petronella Example\n\nDamage: Hail broke the roof\n\nWitness:" == made.text


def test_a_label_at_the_top_of_a_tall_field() -> None:
    """What stands left of a field of several lines names it, at whatever height."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, 700, "Remarks:")
        canvas.acroForm.textfield(
            name="f7", value="Hail\nand rain", x=260, y=640, width=200, height=70, fieldFlags="multiline"
        )

    assert "Remarks: Hail and rain" == document(drawn(draw)).text


def test_boxes_to_tick() -> None:
    """A box says whether it is ticked, left or right of its label; of radio buttons one is."""

    def draw(canvas: Any) -> None:
        form = canvas.acroForm
        canvas.drawString(60, 700, "Glass cover:")
        form.checkbox(name="glass", x=260, y=695, checked=True)
        form.checkbox(name="terms", x=60, y=655, checked=False)
        canvas.drawString(90, 660, "I accept the terms")
        canvas.drawString(60, 620, "Payment")
        for at, way in ((200, "bank"), (320, "cash")):
            form.radio(name="pay", value=way, selected=way == "cash", x=at, y=615)
            canvas.drawString(at + 30, 620, way)

    assert (
        "Glass cover: [x]\n\n[ ] I accept the terms\n\nPayment [ ] bank [x] cash"
        == document(drawn(draw)).text
    )


def test_choices() -> None:
    """What is chosen in a list is read as the person sees it, not what could have been chosen."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, 700, "Country")
        canvas.acroForm.choice(
            name="c", value="Norway", options=["Norway", "Sweden"], x=260, y=695, width=100, height=20
        )

    assert "Country Norway" == document(drawn(draw)).text


def test_a_label_above_its_field() -> None:
    """A field with nothing beside it belongs to the label above it; several lines are one value."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, 700, "Remarks")
        canvas.acroForm.textfield(
            name="r",
            value="first line\nsecond line",
            x=60,
            y=620,
            width=300,
            height=70,
            fieldFlags="multiline",
        )

    assert "Remarks: first line second line" == document(drawn(draw)).text


def test_a_field_without_a_label() -> None:
    """A value far from all text is read with the field's name."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, 740, "A form.")
        canvas.acroForm.textfield(name="policy", tooltip="Policy number", value="PX-4711", x=300, y=200)

    assert "A form.\n\nPolicy number: PX-4711" == document(drawn(draw)).text


def test_values_within_a_line() -> None:
    """A field between words stands between them."""

    def draw(canvas: Any) -> None:
        canvas.drawString(60, 700, "I,")
        canvas.acroForm.textfield(name="who", value="Jane Doe", x=80, y=694, width=100, height=20)
        canvas.drawString(190, 700, "agree to pay")
        canvas.acroForm.textfield(name="sum", value="900", x=262, y=694, width=40, height=20)
        canvas.drawString(310, 700, "crowns.")

    assert "I, Jane Doe agree to pay 900 crowns." == document(drawn(draw)).text


def test_fields_in_a_ruled_table() -> None:
    """In a table the value stands in its field's cell."""

    def draw(canvas: Any) -> None:
        for y in (600, 630, 660):
            canvas.line(50, y, 500, y)
        for x in (50, 200, 500):
            canvas.line(x, 600, x, 660)
        canvas.drawString(55, 640, "Policy number")
        canvas.drawString(55, 610, "Insured person")
        canvas.acroForm.textfield(name="a", value="PX-4711", x=205, y=634, width=150, height=20)
        canvas.acroForm.textfield(name="b", value="Petronella Example", x=205, y=604, width=150, height=20)

    assert (
        "| Policy number | PX-4711 |\n|---|---|\n| Insured person | Petronella Example |"
        == document(drawn(draw)).text
    )


@pytest.mark.parametrize(("flag", "kept"), [(0, True), (2, False), (32, False)])
def test_hidden_fields(flag: int, kept: bool) -> None:
    """What neither screen nor paper shows is no text."""
    writer = PdfWriter(clone_from=PdfReader(_file(drawn(labelled("Name:", "Petronella", 700)))))
    for note in writer.pages[0]["/Annots"]:  # type: ignore[attr-defined]
        note.get_object()[NameObject("/F")] = NumberObject(flag)
    out = _file(b"")
    writer.write(out)

    assert ("Name: Petronella" if kept else "Name:") == document(out.getvalue()).text


def test_passwords_are_not_read() -> None:
    """A field for a password keeps it."""
    assert "Password:" == document(drawn(labelled("Password:", "hunter2", 700, fieldFlags="password"))).text


def test_fields_on_several_pages() -> None:
    """Each page has its own fields."""
    made = document(drawn(labelled("First:", "one", 700), lines("Between."), labelled("Last:", "three", 700)))

    assert ["First: one", "Between.", "Last: three"] == made.text.split("\n\n")


def _file(content: bytes) -> Any:
    from io import BytesIO

    return BytesIO(content)
