"""Which fields of a record are its id, its title and its text."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.errors import UnreadableDocument
from rag.library.documents import FieldNames

TEXT = "text"
_TEXTS = ("content", "body", "answer")  # the record's text where nothing is called text
_TITLES = ("title", "question", "name", "subject", "headline")
_IDS = ("id", "_id")
_LISTED = 20  # names in an error


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """What the fields of a record mean."""

    id: str | None  # None: the record's place stands in
    title: str | None
    text: str | None  # None: the whole record is the text, a line for each field


def columns_of(names: Collection[str], asked: FieldNames) -> Columns:
    """Return what the fields of those names mean.

    A name that was asked for is taken as it is, whether the field is there or not. Else a field called text is the
    text, or content, body or answer, in whatever case; where there is none of them, the whole record is.
    """
    text = asked.text or _first(names, (TEXT, *_TEXTS))
    # Records whose text is called so were read before others were: they keep their ids.
    plain = asked.text is not None or text == TEXT
    return Columns(
        id=asked.id or _first(names, _IDS, exactly=plain),
        title=asked.title or _first(names, _TITLES[:1] if plain else _TITLES),
        text=text,
    )


def check_asked(place: str, names: Sequence[str], asked: FieldNames) -> None:
    """Raise UnreadableDocument where a field that was asked for is not among the names."""
    for meaning, name in (("text", asked.text), ("title", asked.title), ("id", asked.id)):
        if name and name not in names:
            raise UnreadableDocument(f"{place} {no_field(name, meaning, names)}")


def no_field(name: str, meaning: str, found: Collection[str]) -> str:
    """Return the reason why a record without a field that was asked for is not read."""
    listed = ", ".join(map(repr, islice(found, _LISTED))) or "none"
    if len(found) > _LISTED:
        listed += f" and {len(found) - _LISTED:,} others"
    return (
        f"has no field {name!r} for the {meaning}; the fields found are {listed}: "
        f"name the right one with --{meaning}-field"
    )


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names without blanks around them; one that is empty or came before gets a number."""
    given = [name.strip() or f"column {number}" for number, name in enumerate(names, start=1)]
    taken = set(given)
    times: Counter[str] = Counter()
    made = []
    for name in given:
        times[name] += 1
        other = name
        while times[name] > 1 and other in taken:
            other = f"{name}_{times[name]}"
            times[name] += other in taken
        taken.add(other)
        made.append(other)
    return made


def _first(names: Collection[str], wanted: Sequence[str], *, exactly: bool = False) -> str | None:
    """Return the first wanted name that is there, in whatever case; `exactly` takes the first alone, as it is."""
    if exactly or wanted[0] in names:
        return wanted[0] if wanted[0] in names else None
    folded = {name.casefold(): name for name in reversed(list(names))}
    return next((folded[name] for name in wanted if name in folded), None)
