"""What stands on a page, as it is printed: lines, rules and fields in points, the page upright, from its upper left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle on an upright page, in points from its upper left."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """How far down its middle stands."""
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        """How far right its middle stands."""
        return (self.left + self.right) / 2

    def holds(self, other: "Box", *, slack: float = 1.0) -> bool:
        """Tell whether the middle of `other` lies inside."""
        return (
            self.left - slack <= other.centre <= self.right + slack
            and self.top - slack <= other.middle <= self.bottom + slack
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a line with room before and behind it."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One printed line, or the part of it that the PDF writes at once."""

    text: str
    box: Box
    size: float  # height of its letters from the lowest to the highest there may be; 0: not known
    bold: bool = False
    fixed: bool = False  # all letters of one width, as code is set
    alone: bool = False  # a paragraph of its own whatever stands around it
    parts: tuple[Part, ...] = ()  # where there is room within it as between columns
    centres: tuple[float, ...] = ()  # of its characters, only on pages with fields or links

    def with_text(self, text: str) -> "Line":
        """Return the line with another text, which nothing joins any more."""
        return replace(self, text=text, alone=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A ruled table."""

    rows: Sequence[Sequence[str]]  # of one length; a cell that spans several stands in each
    edges: tuple[float, ...]  # of its columns, from the left
    box: Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A field of a form as it is filled in."""

    box: Box
    name: str  # as a person may read it
    value: str  # [x] or [ ] for a box to tick; empty: nothing is filled in


class Lack(StrEnum):
    """Why a page's text is not read."""

    BROKEN = "broken"  # it is damaged
    PICTURE = "picture"  # nothing but drawings and pictures is on it
    COVERED = "covered"  # a picture covers it, and there are a few words beside
    GARBLED = "garbled"  # its font does not say which letters its glyphs are


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page."""

    number: int  # from 1
    label: str  # as the document numbers it; mostly the same
    height: float
    lines: Sequence[Line] = ()  # in the order of reading
    tables: Sequence[Table] = ()
    comments: Sequence[str] = ()
    seen: bool = False  # its lines were read by OCR, whose sizes are no letters' sizes
    lack: Lack | None = None  # why some or all of its text is not among the lines


class Turn:
    """A page turned so that its text is level."""

    def __init__(self, bounds: tuple[float, float, float, float], quarters: int) -> None:
        self._left, self._bottom, self._right, self._top = bounds
        self._quarters = quarters
        wide, high = self._right - self._left, self._top - self._bottom
        self.height = wide if quarters % 2 else high
        self.area = wide * high

    def upright(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return a rectangle of the PDF as it stands on the upright page."""
        west, east = left - self._left, self._right - right
        south, north = bottom - self._bottom, self._top - top
        sides = (west, north, east, south)  # read as left, top, right, bottom of a page that is level
        along = self._quarters
        across = (self._right - self._left, self._top - self._bottom)
        wide, high = across[along % 2], across[1 - along % 2]
        turned = tuple(sides[(each - along) % 4] for each in range(4))
        return Box(left=turned[0], top=turned[1], right=wide - turned[2], bottom=high - turned[3])

    def back(self, box: Box) -> tuple[float, float, float, float]:
        """Return a rectangle of the upright page as the PDF has it: left, bottom, right, top."""
        along = self._quarters
        across = (self._right - self._left, self._top - self._bottom)
        wide, high = across[along % 2], across[1 - along % 2]
        turned = (box.left, box.top, wide - box.right, high - box.bottom)
        west, north, east, south = (turned[(each + along) % 4] for each in range(4))
        return self._left + west, self._bottom + south, self._right - east, self._top - north
