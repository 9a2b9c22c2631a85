"""Text in pictures: Tesseract, as xberg has it built in, with the language data that lies on this machine.

Nothing is fetched: a language whose data is not there is refused before Tesseract, or xberg, can look for it elsewhere.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.adapters.readers.xberg import extracted
from rag.errors import SettingInvalid, UnreadableDocument

DATA_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
"""Where Debian's and others' packages of Tesseract put the data of languages."""

_ENDING = ".traineddata"
_LEAST_SURE = 0.4
"""How sure Tesseract is of a line, from 0 to 1; what it is less sure of are specks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLine:
    """A line of text in a picture, in pixels from its upper left."""

    text: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ocr:
    """How pictures are read."""

    languages: tuple[str, ...]  # as Tesseract calls them: eng, deu
    folder: str  # that holds their data

    @classmethod
    def on_this_machine(cls, languages: Sequence[str], folder: Path | None = None) -> "Ocr":
        """Return OCR with the language data in `folder`, or where it usually lies.

        Raises:
            SettingInvalid: there is none for one of the languages.
        """
        folders = [str(folder)] if folder else [each for each in DATA_FOLDERS if Path(each).is_dir()]
        for each in folders:
            if languages and all(Path(each, language + _ENDING).is_file() for language in languages):
                return cls(languages=tuple(languages), folder=each)
        there = sorted(
            {found.name.removesuffix(_ENDING) for each in folders for found in Path(each).glob(f"*{_ENDING}")}
            - {"osd", "snum", "equ"}
        )
        wanted = ", ".join(languages)
        raise SettingInvalid(
            f"OCR is on (WHETSTONE_OCR) for {wanted or 'no language'}, and there is data for "
            f"{', '.join(there) or 'no language'} in {', '.join(folders or DATA_FOLDERS)}. Install it (Debian: "
            f"{' '.join('tesseract-ocr-' + each.replace('_', '-') for each in languages) or 'tesseract-ocr-eng'}), "
            "name its folder with WHETSTONE_OCR_DATA, or set WHETSTONE_OCR=false."
        )

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> "Ocr | None":
        """Return what `asked` gave, as it comes to another process; None where OCR is off."""
        return cls(languages=tuple(given["languages"]), folder=given["folder"]) if given else None

    def asked(self) -> dict[str, Any]:
        """Return it as plain values, for another process."""
        return {"languages": list(self.languages), "folder": self.folder}

    def lines(self, picture: bytes) -> list[ReadLine]:
        """Return the lines of text in a picture that is a PNG file, from the top.

        Raises:
            UnreadableDocument: Tesseract cannot read it.
        """
        if not all(Path(self.folder, language + _ENDING).is_file() for language in self.languages):
            # Without them it would try to load them from the network.
            raise UnreadableDocument(f"cannot be read by OCR: the language data is gone from {self.folder}")
        result = extracted(picture, mime="image/png", kind="a picture", config=self._config())
        return [
            line
            for element in result.ocr_elements or ()
            if element.confidence is None or element.confidence.recognition >= _LEAST_SURE
            if (line := _line(element)) is not None
        ]

    def _config(self) -> Any:
        import xberg

        languages = list(self.languages)
        only = xberg.OcrPipelineConfig(
            # Its other engines load their models from the network.
            stages=[xberg.OcrPipelineStage(backend="tesseract", language=languages)],
            quality_thresholds=xberg.OcrQualityThresholds(pipeline_min_quality=0.0),
        )
        tesseract = xberg.TesseractConfig(
            language=languages, output_format="text", use_cache=False, enable_table_detection=False
        )
        return xberg.ExtractionConfig(
            output_format="plain",
            use_cache=False,
            disable_ocr=False,
            enable_quality_processing=False,
            ocr=xberg.OcrConfig(
                backend="tesseract",
                language=languages,
                tessdata_path=self.folder,
                tesseract_config=tesseract,
                pipeline=only,
                element_config=xberg.OcrElementConfig(include_elements=True, min_level="line"),
            ),
        )


def _line(element: Any) -> ReadLine | None:
    text = " ".join(element.text.split())
    where = json.loads(str(element.geometry)) if element.geometry else {}
    if not text or where.get("type") != "rectangle":
        return None
    return ReadLine(
        text=text,
        left=where["left"],
        top=where["top"],
        width=where["width"],
        height=where["height"],
    )
