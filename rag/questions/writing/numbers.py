"""The numbers that a text states, whatever way they are written."""

import re
from functools import cache
from itertools import pairwise

_DIGITS = re.compile(
    r"(?<![\d.,])\d{1,3}(?:(?P<sign>[.,'’\u00a0\u202f ])\d{3}(?!\d))(?:(?P=sign)\d{3}(?!\d))*(?:[.,]\d+)?"
    r"|\d+(?:[.,]\d+)?"
)
_GROUPED = re.compile(r"\d{1,3}(?:(?P<sign>[.,'’\u00a0\u202f ])\d{3})(?:(?P=sign)\d{3})*(?P<rest>[.,]\d+)?")
_SCALES = {
    "thousand": 3, "million": 6, "millions": 6, "billion": 9, "tausend": 3, "millionen": 6, "mio": 6, "milliarden": 9,
    "mille": 3, "milliard": 9, "milliards": 9, "mil": 3, "millón": 6, "millones": 6,
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SAID = {
    "english": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty",
    "german": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
    " siebzehn achtzehn neunzehn zwanzig",
    "french": "zéro _ deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
    " dix-huit dix-neuf vingt",
    "spanish": "cero _ dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis"
    " diecisiete dieciocho diecinueve veinte",
    "ordinals": "_ first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth",
}
_TENS = {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90,
    "hundert": 100, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100, "treinta": 30,
    "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100,
    "noon": 12, "mittags": 12, "midi": 12, "mediodía": 12, "midnight": 0, "half": 50, "dozen": 12,
    "once": 1, "twice": 2,
}  # fmt: skip
_UNSAID = frozenset(
    ("once", "half", "second", "first", "one", "zero", "mil", "cent", "hundred", "once", "six", "mille")
)
"""Words that are numbers, and much else: where a text has them it may mean the number; it need not."""
_MONTHS = {
    "jan": 1, "ene": 1, "feb": 2, "fév": 2, "mar": 3, "mär": 3, "apr": 4, "avr": 4, "abr": 4, "may": 5, "mai": 5,
    "jun": 6, "juin": 6, "jul": 7, "juil": 7, "aug": 8, "aoû": 8, "ago": 8, "sep": 9, "oct": 10, "okt": 10,
    "nov": 11, "dec": 12, "dez": 12, "déc": 12, "dic": 12,
}  # fmt: skip
_MONTH = re.compile(rf"\b(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\w*", re.IGNORECASE)
_DATE = re.compile(r"\b(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d\d))\b")
_AFTERNOON = re.compile(r"\d\s*(?:p\.?\s?m\b|Uhr (?:abends|nachmittags))", re.IGNORECASE)


def stated(text: str) -> set[str]:
    """Return the numbers that a text commits itself to: digits, and words that are nothing but a number."""
    numbers = _in_digits(text)
    words = _known()
    said = _WORD.findall(text.casefold())
    for word, following in pairwise([*said, ""]):
        if word in words and (power := _power(following)):
            numbers.add(str(int(words[word]) * 10**power))
        elif word in words and word not in _UNSAID:
            numbers.add(words[word])
    return numbers


def found(text: str) -> set[str]:
    """Return every number that a text may be read to have."""
    words = _known()
    numbers = _in_digits(text)
    before = ""
    for word in _WORD.findall(text.casefold()):
        for part in (word, *word.split("-")):
            if part in words:
                numbers.add(words[part])
        if before in words and (power := _power(word)):
            numbers.add(str(int(words[before]) * 10**power))
        before = word
    hours = [int(number) for number in numbers if number.isdecimal() and len(number) < 3]
    if _AFTERNOON.search(text):
        numbers |= {str(hour + 12) for hour in hours if hour < 12}
    return numbers | {
        str(hour - 12)
        for hour in hours
        if 12 < hour < 24 and re.search(rf"\b{hour}[:.h]\d\d|{hour} Uhr", text)
    }


def months(text: str) -> set[str]:
    """Return the numbers of the months that a text names."""
    return {str(_MONTHS[month["month"].casefold()]) for month in _MONTH.finditer(text)}


def is_dated(text: str) -> bool:
    """Tell whether a text has a date in digits alone, in which a month is a number."""
    return _DATE.search(text) is not None


def _power(word: str) -> int:
    return 2 if word in ("hundred", "hundert") else _SCALES.get(word, 0)


def _in_digits(text: str) -> set[str]:
    numbers: set[str] = set()
    for match in _DIGITS.finditer(text):
        written = match[0]
        value = _value(written)
        numbers.add(value)
        scale = _WORD.match(text, match.end() + 1) if text[match.end() : match.end() + 1] == " " else None
        if scale and (power := _SCALES.get(scale[0].casefold())):
            numbers.discard(value)
            numbers.add(_plain(str(float(value) * 10**power)))
    return numbers


def _value(written: str) -> str:
    """Return a number without what only groups its digits, with a point before its fraction."""
    grouped = _GROUPED.fullmatch(written)
    if grouped and not (grouped["sign"] in ".," and written.startswith("0")):
        rest = grouped["rest"] or ""
        whole = written[: len(written) - len(rest)]
        return _plain(re.sub(r"\D", "", whole) + rest.replace(",", "."))
    return _plain(written.replace(",", "."))


def _plain(number: str) -> str:
    whole, _, rest = number.partition(".")
    rest = rest.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{rest}" if rest else whole


@cache
def _known() -> dict[str, str]:
    words = {word: str(n) for said in _SAID.values() for n, word in enumerate(said.split()) if word != "_"}
    tens = {word: str(n) for word, n in _TENS.items()}
    for ten, n in _TENS.items():
        if 20 <= n < 100:
            for unit, digit in list(words.items()):
                if 1 <= int(digit) <= 9:
                    tens[f"{ten}-{unit}"] = str(n + int(digit))
    for unit, digit in list(words.items()):
        if 1 <= int(digit) <= 9:
            tens[f"twenty-{unit}"] = str(20 + int(digit))
    return words | tens
