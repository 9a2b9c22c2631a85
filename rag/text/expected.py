"""Question -> what its question word asks for, and whether a text has one: a number, a time, a name, a place.

Only what the question word tells, in some languages; where it tells nothing, nothing is expected. It is a hint between
sentences that are as near as each other, and no more.
"""

import re
from enum import StrEnum

from rag.text.forms import plain


class Kind(StrEnum):
    """What may be asked for."""

    TIME = "time"
    NUMBER = "number"
    NAME = "name"
    PLACE = "place"


# Where "when" and "how long" are told apart by the words after them, the first kind that fits is taken.
_SPACED = {
    Kind.TIME: (
        r"when|(?:what|which) (?:\w+ )?(?:year|date|day|weekday|month|century|decade|time|hour)"
        r"|wann|welche[mnrs]? (?:jahr|tag|datum|monat)|um wie ?viel uhr|quand|quelle année"
        r"|quel jour|[àa] quelle heure|cuándo|qué año|a qué hora|quando|a che ora|wanneer|hoe laat"
        r"|когда|каком году|во сколько"
    ),
    Kind.NUMBER: (
        r"how (?:many|much|long|old|far|often|high|tall|big|large|deep|fast|heavy|wide|strong|hot|cold|few|late|early)"
        r"|(?:what|which) (?:\w+ )?(?:percentage|percent|number|amount|price|age|size|temperature|share|rate|cost|fee"
        r"|population|score|distance|height|length|speed|level|weight|limit|version)"
        r"|wie ?(?:viele?|lange?|hoch|alt|oft|weit|teuer|groß|schwer)|combien|quel (?:prix|âge)|cuánt[oa]s?"
        r"|quant[oiae]s?|hoe ?(?:veel|lang|oud|vaak|ver|hoog|duur)|сколько"
    ),
    Kind.NAME: r"who|whom|whose|wer|wem|wen|wessen|qui|quién|quiénes|quem|wie is|wie zijn|кто|кому|кем|кого",
    Kind.PLACE: (
        r"where|(?:what|which) (?:\w+ )?(?:city|country|town|state|place|location|region|street|room|building|village)"
        r"|wo|welche[mnrs]? (?:stadt|ort|land|raum|zimmer)|wohin|woher|où|dónde|adónde|dove|onde|waar|где|куда|откуда"
    ),
}
_UNSPACED = {
    Kind.TIME: "什么时候|甚么时候|何时|几点|哪年|哪天|いつ|何時",
    Kind.NUMBER: "多少|多久|多长|多大|多远|几|いくつ|いくら|何(?:人|日|個|年|歳|円)|どのくらい",
    Kind.NAME: "谁|誰",
    Kind.PLACE: "哪里|哪儿|在哪|何处|どこ",
}
_ASKED = {
    kind: (re.compile(rf"(?<!\w)(?:{_SPACED[kind]})(?!\w)"), re.compile(_UNSPACED[kind])) for kind in Kind
}
_BEGINNING = re.compile(
    r"\W*\w+(?:\W+(?=\w))?"
)  # the question word is the first or the second one, else one of the last
_END = re.compile(r"(?:\w+\W*){1,2}$")
_LONGEST = 600  # characters of a question that are looked at

_WRITTEN = """
one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred thousand
million half dozen once twice first second third several both none zwei drei vier fünf sechs sieben acht neun zehn
elf zwölf zwanzig dreißig hundert tausend einmal zweimal deux trois quatre cinq sept huit neuf dix vingt trente cent
mille dos tres cuatro cinco seis siete ocho nueve diez veinte treinta cien mil due tre quattro cinque sei sette otto
nove dieci два две три четыре пять шесть семь восемь девять десять двадцать тридцать сто тысяча
"""
_DAYS = """
january february march april may june july august september october november december monday tuesday wednesday
thursday friday saturday sunday noon midnight morning afternoon evening night today tomorrow yesterday weekend
century decade spring summer autumn winter januar februar märz mai juni juli oktober dezember montag dienstag
mittwoch donnerstag freitag samstag sonntag mittag mitternacht janvier février mars avril juin juillet août
septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi samedi dimanche midi minuit enero febrero
marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes martes miércoles jueves viernes
sábado domingo января февраля марта апреля мая июня июля августа сентября октября ноября декабря понедельник вторник
среда четверг пятница суббота воскресенье полдень daily weekly monthly am pm
"""
NUMBERS, TIMES = frozenset(_WRITTEN.split()), frozenset(_DAYS.split())
_NEARBY = "in at on near behind under inside outside between next floor room street north south east west"
_PLACES = frozenset(_NEARBY.split())
_WORD = re.compile(r"\w+")
_UNSPACED_NUMBER = re.compile("[一二三四五六七八九十百千万两半]")


def expected(question: str) -> Kind | None:
    """Return what the question asks for; None where its words do not tell."""
    text = plain(question[:_LONGEST]).casefold()
    first, last = _BEGINNING.match(text), _END.search(text, max(len(text) - 60, 0))
    begins = {0, len(text) - len(text.lstrip("¿ "))} | ({first.end()} if first else set())
    ends = last.start() if last else len(text)
    for kind, (spaced, unspaced) in _ASKED.items():
        if any(each.start() in begins or each.start() >= ends for each in spaced.finditer(text)):
            return kind
        if unspaced.search(text):
            return kind
    return None


def stands_in(kind: Kind, text: str, question: str) -> bool:
    """Tell whether a text has such a thing that the question itself does not have."""
    text = plain(text)
    asked = set(_WORD.findall(plain(question[:_LONGEST]).casefold()))
    begins = True  # of a sentence, where a capital letter means nothing
    place = False
    for found in _WORD.finditer(text):
        word = found.group()
        low = word.casefold()
        before = text[max(found.start() - 2, 0) : found.start()].strip()
        begins = found.start() == 0 or before[-1:] in ".!?:"
        if low in asked:
            continue
        number = any(map(str.isdecimal, word)) or low in NUMBERS
        if kind == Kind.NUMBER and (number or (not word.isascii() and _UNSPACED_NUMBER.search(word))):
            return True
        if kind == Kind.TIME and (
            low.removesuffix("s") in TIMES or low in TIMES or any(map(str.isdecimal, word)) or "年" in word
        ):
            return True
        named = word[0].isupper() and not (begins or len(word) == 1)
        if kind in (Kind.NAME, Kind.PLACE) and named:
            return True
        if kind == Kind.PLACE and low in _PLACES:
            place = True
    return place or (kind in (Kind.NAME, Kind.PLACE) and text.upper() == text.lower())
