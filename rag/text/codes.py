"""Codes in a question: what is asked for as it is typed, and stands in a text or does not.

Part numbers, error codes, versions, paragraphs, addresses. An encoder takes E-1042 and E-1043 for nearly the same;
whoever asks for one does not want the other. Hyphens, blanks and leading zeros are written as one likes: E-1042,
E 1042, e1042, E-01042.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.text.forms import plain

_MOST = 8  # codes of a question; what has more is a list
_LONGEST = 64  # characters
_TOKEN = re.compile(r"(?:§+ ?)?[^\W_]+(?:[-_./:@+]{1,2}[^\W_]+)*")
_SPACED = re.compile(r"(?<![^\W_])(?P<letters>[A-ZÄÖÜА-Я]{1,5}) (?P<digits>\d{2,}[a-z]?)(?![^\W_])")
_GROUP = re.compile(r"\d+|[^\W\d_]+")
_MEASURE = re.compile(
    # Ordinals, decades and quantities are numbers, whatever letters follow; so is a "5-year" plan.
    r"\d+(?:[.,]\d+)?-?(?:st|nd|rd|th|s|am|pm|h|hr|hrs|min|sec|ms|km|m|cm|mm|kg|g|mg|ml|l|kb|mb|gb|tb|x|k|w|v|hz|er|ter|"
    r"te|ten|e|eme|й|я|го|ч|м|км|кг|г|c|f)|\d+(?:-[^\W\d_]{3,})+|[^\W\d_]{3,}(?:-\d+)?-[^\W\d_]+",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<day>\d{1,2})[.](?P<month>\d{1,2})[.](?P<year>(?:19|20)\d\d)"
)
_NAMED = re.compile(
    # A number that a word before it makes a name: part 4001, error no. 404, Artikel 2001.
    r"(?<![^\W_])(?:part|item|article|product|model|error|code|order|invoice|ticket|artikel|teil|produkt|fehler|modell|"
    r"auftrag|rechnung|pièce|pieza|erreur|commande|factura|pedido|артикул|деталь|ошибка|код|заказ)"
    r"s?(?:[- ]?(?:number|no\.?|nr\.?|nummer|№))?:? #?(?P<number>\d{3,12})(?![^\W_]|[.,:/-]\d)",
    re.IGNORECASE,
)
_VERSION = re.compile(
    # A number of two parts is a fraction, unless what has versions or sections stands before it.
    r"(?<![^\W_])(?P<name>version|release|firmware|section|chapter|kapitel|abschnitt|версия|версии|(?-i:[A-Z][a-z]{2,}))"
    r" (?P<number>\d{1,4}\.\d{1,4})(?![^\W_]|[.,:/%-]\d|%)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_ALIKE = {
    each: pair for pair in ("AА", "BВ", "EЕ", "KК", "MМ", "HН", "OО", "PР", "CС", "TТ", "XХ") for each in pair
}
_JOINT = r"[ \-_./:]{0,2}"  # between letters and digits
_BETWEEN = "[-_./:]{1,2}"  # between digits, or letters


@dataclass(frozen=True, slots=True)
class Code:
    """A code that a question asks for."""

    typed: str  # as the question has it, in plain form
    telling: bool  # long enough that a text on the matter would have it
    _same: re.Pattern[str]
    _sort: re.Pattern[str]  # others of its sort: the same letters, other digits
    _bare: re.Pattern[str] | None  # its longest number, without letters before it

    def stands_in(self, text: str) -> bool:
        """Tell whether a text, in plain form, has it."""
        return self._same.search(text) is not None

    def is_missed_in(self, texts: Sequence[str]) -> bool:
        """Tell whether texts, in plain form, have not got it where they should: as they have others of its sort."""
        if any(self.stands_in(text) for text in texts):
            return False
        if any(self._sort.search(text) for text in texts):
            return True
        bare = self._bare
        return self.telling and not (bare and any(bare.search(text) for text in texts))

    def is_rivalled_in(self, text: str) -> bool:
        """Tell whether a text, in plain form, has others of its sort."""
        return any(not self._same.fullmatch(other.group()) for other in self._sort.finditer(text))


def codes(question: str) -> tuple[Code, ...]:
    """Return the codes of a question, each once, at most eight."""
    question = plain(question)
    typed = [match.group() for match in _TOKEN.finditer(question) if _is_code(match.group())]
    typed += [f"{match['letters']} {match['digits']}" for match in _SPACED.finditer(question)]
    typed += [match["number"] for match in _NAMED.finditer(question)]
    found = {each: _code(each) for each in typed[:_MOST]}
    found |= {
        each["number"]: _versioned(each["name"], each["number"]) for each in _VERSION.finditer(question)
    }
    return tuple(found.values())[:_MOST]


def _is_code(token: str) -> bool:
    if len(token) > _LONGEST:
        return False
    if "@" in token:
        return _MAIL.fullmatch(token) is not None
    groups = _GROUP.findall(token)
    numbers = [group for group in groups if group[0].isdecimal()]
    if token.startswith("§"):
        return bool(numbers)
    if not numbers or _MEASURE.fullmatch(token):
        return False
    # A number alone, a fraction or a time of day is none; versions, dates and addresses have three parts.
    return len(numbers) < len(groups) or len(numbers) >= 3


def _code(typed: str) -> Code:
    if "@" in typed:
        literal = re.escape(typed)
        mail = re.compile(rf"(?<![\w.+-]){literal}(?![\w-])", re.IGNORECASE)
        return Code(typed, True, mail, mail, None)
    if typed.isdecimal():
        # Others of its sort have as many digits; prices and years beside them mostly have not.
        one, other = (
            rf"(?<![^\W_])(?<!\d[.,]){each}(?![^\W_]|[.,]\d)"
            for each in (_number(typed), rf"\d{{{len(typed)}}}")
        )
        return Code(typed, True, re.compile(one), re.compile(other), None)
    if date := _DATE.fullmatch(typed):
        return _dated(typed, *(date["d"] and date.group("y", "m", "d")) or date.group("year", "month", "day"))
    found = list(_GROUP.finditer(typed))
    if found[0].group() in "vV" and len(found) > 2:
        del found[0]  # v3.11.7 is 3.11.7
    groups = [each.group() for each in found]
    numbers = [group for group in groups if group[0].isdecimal()]
    longest = max(numbers, key=len)
    telling = len(longest) >= 3 or len(numbers) >= 3
    bare = rf"(?<![^\W_])(?<![^\W\d_][-_./]){_number(longest)}(?![^\W_])"
    paragraph = typed.startswith("§")
    same, sort = (["§{1,2} ?"], ["§{1,2} ?"]) if paragraph else ([], [])
    for before, each in pairwise([None, *found]):
        group = each.group() if each else ""
        if before and each:
            mixed = before.group()[0].isdecimal() != group[0].isdecimal()
            sign = re.escape(typed[before.end() : each.start()])
            same.append(_JOINT if mixed else _BETWEEN)
            sort.append(_JOINT if mixed else sign)
        same.append(_number(group) if group[0].isdecimal() else _letters(group))
        sort.append(r"\d{1,12}" if group[0].isdecimal() else _letters(group))
    if len(groups[-1]) == 1 and groups[-1].isalpha():
        # § 12a and § 12b; § 12 too, which is another paragraph.
        sort = [f"(?:{''.join(sort)}|{''.join(same[:-1])}[^\\W\\d_]{'?' * paragraph})"]
    # Not the end of a longer number or word: 11.7 does not stand in 3.11.7.
    begin = "" if paragraph else r"(?<![^\W_])(?<!\d[.\-/:])" + "v?" * groups[0][0].isdecimal()
    whole, any_of_it = (
        re.compile(f"{begin}{''.join(parts)}(?![^\\W_])", re.IGNORECASE) for parts in (same, sort)
    )
    alone = len(numbers) == 1 and len(longest) >= 2
    return Code(typed, telling, whole, any_of_it, re.compile(bare) if alone else None)


def _dated(typed: str, year: str, month: str, day: str) -> Code:
    """Return the code of a date, as ISO 8601 writes it and as much of Europe does."""
    ways = "(?<![^\\W_])(?<!\\d[.\\-/])(?:{0}[-/.]{1}[-/.]{2}|{2}[.-]{1}[.-]{0})(?![^\\W_])"
    one = ways.format(year, _number(month), _number(day))
    other = ways.format(r"(?:19|20)\d\d", r"\d{1,2}", r"\d{1,2}")
    return Code(typed, False, re.compile(one), re.compile(other), None)


def _versioned(name: str, number: str) -> Code:
    """Return the code of a version; others of its sort have the same name before them."""
    one, other = (
        re.compile(rf"(?<!\d[.,]){before}{each}(?![^\W_])", re.IGNORECASE)
        for before, each in (
            (r"(?<![^\W_])v?", re.escape(number)),
            (rf"(?<=(?<![^\W_]){re.escape(name)} )", r"\d{1,4}\.\d{1,4}"),
        )
    )
    return Code(number, False, one, other, None)


def _number(group: str) -> str:
    return f"0{{0,8}}{group.lstrip('0') or '0'}"


def _letters(group: str) -> str:
    """Return what finds letters, Latin or Cyrillic ones where they look the same: either keyboard writes E-1042."""
    return "".join(f"[{alike}]" if (alike := _ALIKE.get(each.upper())) else re.escape(each) for each in group)
