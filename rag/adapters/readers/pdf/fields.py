"""What people put on a page: values in the fields of forms, and comments."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from rag.adapters.readers.pdf.layout import Box, Field

_MOST = 5_000
"""Notes and fields of one page that are looked at."""
_HIDDEN = 2 | 32
"""Flags of what is neither shown nor printed: hidden, no view."""
_SECRET = 1 << 13
"""Flag of a field for a password."""
_LONGEST = 100_000


def fields_of(document: Any, page: Any, upright: Callable[..., Box]) -> Iterator[Field]:
    """Yield the fields on a page that a person can fill in, as they are filled in."""
    from pypdfium2 import raw

    form = document.formenv
    if form is None:
        return
    ticked = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
    written = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
    for note in _notes(page):
        kind = raw.FPDFAnnot_GetFormFieldType(form, note)
        if kind in ticked:
            value = "[x]" if raw.FPDFAnnot_IsChecked(form, note) else "[ ]"
        elif kind in written and not raw.FPDFAnnot_GetFormFieldFlags(form, note) & _SECRET:
            value = _chosen(form, note) or _text(raw.FPDFAnnot_GetFormFieldValue, form, note)
        else:
            continue
        rect = raw.FS_RECTF()
        if not raw.FPDFAnnot_GetRect(note, rect):
            continue
        name = _text(raw.FPDFAnnot_GetFormFieldAlternateName, form, note) or _text(
            raw.FPDFAnnot_GetFormFieldName, form, note
        )
        box = upright(rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top))
        yield Field(box=box, name=name.strip(), value=value.strip())


def comments_of(page: Any) -> Iterator[str]:
    """Yield what people wrote on a page: notes, text boxes, remarks on marked text."""
    from pypdfium2 import raw

    silent = (raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_FILEATTACHMENT)
    for note in _notes(page):
        kind = raw.FPDFAnnot_GetSubtype(note)
        if kind in silent:
            continue
        said = " ".join(_text(raw.FPDFAnnot_GetStringValue, note, b"Contents").split())
        if not said:
            continue
        if kind == raw.FPDF_ANNOT_FREETEXT:
            yield said
        else:
            author = " ".join(_text(raw.FPDFAnnot_GetStringValue, note, b"T").split())
            yield f"Comment by {author}: {said}" if author else f"Comment: {said}"


def _notes(page: Any) -> Iterator[Any]:
    from pypdfium2 import raw

    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST)):
        note = raw.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(note) & _HIDDEN:
                yield note
        finally:
            raw.FPDFPage_CloseAnnot(note)


def _chosen(form: Any, note: Any) -> str:
    """Return the labels that are chosen in a list, which its value may name otherwise."""
    from pypdfium2 import raw

    count = min(raw.FPDFAnnot_GetOptionCount(form, note), _MOST)
    chosen = (each for each in range(count) if raw.FPDFAnnot_IsOptionSelected(form, note, each))
    return ", ".join(_text(raw.FPDFAnnot_GetOptionLabel, form, note, each) for each in chosen)


def _text(give: Callable[..., int], *asked: Any) -> str:
    """Return a text of PDFium's, which is asked for twice: how long it is, and what it is."""
    from pypdfium2 import raw

    size = give(*asked, None, 0)
    if not 2 < size <= 2 * _LONGEST:
        return ""
    buffer = (raw.FPDF_WCHAR * (size // 2))()
    give(*asked, buffer, size)
    return ctypes.string_at(buffer, size - 2).decode("utf-16-le", errors="replace")
