"""Whether a short text is in another language than a text about the same matter.

By script, and by the small words that every sentence of a language needs. It knows no words of topics: keywords alone
in another language of the same script pass, unless their letters give them away.
"""

import re
from collections import Counter
from functools import cache

from rag.text.forms import plain
from rag.text.stop_words import stop_words
from rag.text.wording import words

_LISTED = ("english", "german", "french", "spanish", "italian", "dutch", "portuguese", "russian")
_ASKING = {
    "english": "what how why when where who which whose does did can could should is are was were tell explain",
    "german": "was wie warum wann wo wer welche welcher welches wieso weshalb wohin kann muss darf soll",
    "french": "comment pourquoi quand combien est-ce puis-je peut-on faut-il quelle quels puis peut faut",
    "spanish": "cómo qué cuándo dónde cuál cuáles cuánto cuánta cuántos quién puedo puede debo debe",
    "italian": "come quando dove perché quale quali quanto quanti posso può devo deve cosa",
    "dutch": "hoe wat waarom wanneer waar wie welke hoeveel kan moet mag",
    "portuguese": "como quando onde porque qual quais quanto quantos posso pode devo deve quem",
    "russian": "как что почему когда где кто какой какая какие сколько можно ли нужно зачем чем",
}
_OTHERS = {
    "polish": "jak co czy gdzie kiedy dlaczego kto jaki jaka jakie ile mogę można trzeba jest są nie się na w z do dla "
    "od po przez przy oraz lub i a ale za pod który "
    "która które żeby aby to tego tym",
    "czech": "jak co kde kdy proč kdo jaký jaká jaké kolik mohu lze je jsou se na v z do pro od po přes i a ale za k s "
    "který která které aby nebo není jsem",
    "swedish": "hur vad var när varför vem vilken vilka kan måste är och att det som en ett på för med av till inte "
    "jag om från eller den",
    "danish": "hvordan hvad hvor hvornår hvorfor hvem hvilken hvilke kan skal er og at det som en et på for med af til "
    "ikke jeg om fra eller den",
    "finnish": "miten mitä missä milloin miksi kuka mikä mitkä voi voinko onko on ja että se joka ei tai kun minun",
    "hungarian": "hogyan mi hol mikor miért ki melyik mennyi lehet kell van és hogy az egy nem vagy ezt azt",
    "romanian": "cum ce unde când de cine care cât pot poate trebuie este sunt și să nu pe cu la din pentru sau un o",
    "turkish": "nasıl ne nerede neden kim hangi kaç mı mi mu mü ve bir bu için ile olarak gerekir nedir olan daha",
    "indonesian": "bagaimana apa di mana kapan mengapa siapa yang berapa bisa dan untuk dengan dari ke ini itu adalah "
    "tidak saya pada",
    "vietnamese": "làm thế nào gì ở đâu khi nào tại sao ai là có thể và của cho không được những các một tôi",
    "ukrainian": "як що чому коли де хто який яка які скільки можна чи треба потрібно і в на з до для не є та або це",
}
_LANGUAGES = (*_LISTED, *_OTHERS)
_SCRIPTS = (
    ("Latin", "A-Za-z\u00c0-\u024f\u1e00-\u1eff"),
    ("Cyrillic", "\u0400-\u052f"),
    ("Greek", "\u0370-\u03ff"),
    ("Arabic", "\u0600-\u06ff\u0750-\u077f"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Devanagari", "\u0900-\u097f"),
    ("Bengali", "\u0980-\u09ff"),
    ("Tamil", "\u0b80-\u0bff"),
    ("Thai", "\u0e00-\u0e7f"),
    ("Hangul", "\uac00-\ud7af\u1100-\u11ff"),
    ("Kana", "\u3040-\u30ff"),
    ("Han", "\u3400-\u4dbf\u4e00-\u9fff"),
)
_LETTERS = tuple((name, re.compile(f"[{letters}]")) for name, letters in _SCRIPTS)
_CHINESE = re.compile("[的吗呢么哪谁这们请]")
_CODE = re.compile(r"\S*\d\S*")
_MARKED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_KNOWN_CHARS = 4_000
"""Characters of the longer text that are looked at."""
_SURE = 0.12
"""Share of a text's words that are small words of its language, at least, where that has a list."""
_DISTINCT = 3
"""So many different ones, at least."""
_ENOUGH = 25
"""Words of a text in a language without a list, and letters with marks, below which nothing is said of it."""
_STRANGE = 4  # letters of a script that a text should not have
_LONG = 6  # words; a sentence of so many has a small word


def other_language(text: str, known: str, *, sentence: bool = True) -> bool:
    """Tell whether `text` is in another language than `known`, for certain; keywords are no `sentence`."""
    known = known[:_KNOWN_CHARS]
    said, there = _parts(text), set(words(known))
    own_words = [word for word in said if _stands(word, there)]
    if len(own_words) == len(said):
        return False
    if _other_script(text, known):
        return True
    own = language_of(known)
    most = len(own_words) / max(len(said), 1) if said else 1.0
    return _small_words(said, own, known, foreign=most <= 1 / 2, sentence=sentence) or (
        own is not None and _unlisted(said, own, known, most=most, sentence=sentence)
    )


def _small_words(said: list[str], own: str | None, known: str, *, foreign: bool, sentence: bool) -> bool:
    """Tell by the small words of the languages that have a list."""
    if own is None and (len(words(known)) < _ENOUGH or len(_MARKED.findall(known)) < _ENOUGH):
        return False
    for language in _LANGUAGES:
        if language == own:
            continue
        theirs, ours = _small(language), _small(own) if own else frozenset()
        # A letter by itself names something more often than not.
        for_them = len(
            {word for word in said if word in theirs - ours and not (word.isascii() and len(word) == 1)}
        )
        for_us = len({word for word in said if word in ours - theirs})
        if own is None:
            rate = sum(word in theirs for word in said) / max(len(said), 1)
            if for_them >= 2 and _rate(known, language) < rate / 3:
                return True
        elif (for_them >= 2 and for_them > for_us) or (
            for_them and not for_us and foreign and len(said) > (2 if sentence else 3)
        ):
            return True
    return False


def _unlisted(said: list[str], own: str, known: str, *, most: float, sentence: bool) -> bool:
    """Tell of a text that has no small word of the language it should be in."""
    if any(word in _small(own) for word in said):
        return False
    strange = [
        word
        for word in said
        if any(letter not in known for letter in _MARKED.findall(plain(word).casefold()))
    ]
    return (len(strange) >= 2 and most < 1 / 2) or (sentence and len(said) >= _LONG and most < 1 / 6)


def _other_script(text: str, known: str) -> bool:
    # Codes are the same in every language.
    counted, there = _letters(_CODE.sub(" ", text)), _letters(known)
    if not counted or not there:
        return False
    (script, most), expected = counted.most_common(1)[0], there.most_common(1)[0][0]
    if {script, expected} <= {"Kana", "Han"}:
        japanese = there["Kana"] > there.total() / 10
        if counted["Kana"]:
            return not japanese and counted["Kana"] > counted.total() / 4
        return japanese and _CHINESE.search(text) is not None
    if _strange_letters(counted, there):
        return True
    if script == expected or (expected in ("Kana", "Han") and counted["Kana"] + counted["Han"] > 2):
        return False
    return (
        most > counted.total() / 2
        and counted[expected] < counted.total() / 5
        and there[script] < there.total() / 3
    )


def _strange_letters(counted: Counter[str], there: Counter[str]) -> bool:
    """Tell whether a good part of a text is in a script that the other has not at all: 如何申请 VPN?"""
    # A character of these says as much as some letters.
    strange = sum(
        n * (2 if script in ("Han", "Kana", "Hangul") else 1)
        for script, n in counted.items()
        if script not in ("Latin", "Greek") and not there[script]
    )
    return strange >= _STRANGE and strange >= counted.total() / 4


def same_script(text: str, other: str) -> bool:
    """Tell whether two texts are mostly in the same script."""
    found = [_letters(each).most_common(1) for each in (text, other)]
    return all(found) and found[0][0][0] == found[1][0][0]


def _letters(text: str) -> Counter[str]:
    return Counter({name: n for name, letter in _LETTERS if (n := len(letter.findall(text)))})


def language_of(text: str) -> str | None:
    """Return the language of a text; None where it is none of the lists', or the text too short to tell."""
    rates = {language: _rate(text, language) for language in _LANGUAGES}
    best = max(rates, key=rates.__getitem__)
    sure = rates[best] >= _SURE and len(_small(best).intersection(_parts(text))) >= _DISTINCT
    return best if sure else None


def _rate(text: str, language: str) -> float:
    said = _parts(text)
    return sum(word in _small(language) for word in said) / max(len(said), 1)


def _parts(text: str) -> list[str]:
    """Return its words, those with an apostrophe in parts: l'école, it's."""
    return [part for word in words(text) for part in re.split("['’]", word)]


def _stands(word: str, there: set[str]) -> bool:
    """Tell whether a word stands in a text, in another form perhaps."""
    if word in there or word.isdecimal():
        return True
    stem = word[:5]
    return len(word) > 5 and any(each.startswith(stem) and abs(len(each) - len(word)) < 5 for each in there)


@cache
def _small(language: str) -> frozenset[str]:
    return stop_words(language) | frozenset(
        f"{_ASKING.get(language, '')} {_OTHERS.get(language, '')}".split()
    )
