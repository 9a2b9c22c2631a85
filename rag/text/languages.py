"""Text -> the language it is in, by its script and commonest words; names, codes and key words alone do not tell.

Made for questions of a line: it says nothing rather than something wrong.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

from rag.text.forms import plain
from rag.text.stop_words import stop_words

_MOST_CHARACTERS = 1_000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ODD = re.compile(
    r"[\w.+/:@#-]*[\d_@#\\][\w.+/:@#-]*|\w+://\S+|\b[\w-]+(?:[./][\w-]+)+|\b[A-Z]{2,}\b", re.ASCII
)
"""Codes, addresses and file names: they are of no language."""

# The commonest words of a language, as questions have them. The first six stand beside the lists of stop words.
_WORDS = {
    "german": """
        warum wieso weshalb wieviel viele woher wohin wem wen wessen darf dürfen muss müssen soll gibt werde werden
        wurde wurden bedeutet brauche bekomme bekommt kostet denn doch schon also diese dieser dieses jeder alle vorher
        """,
    "french": """
        combien comment quand pourquoi quoi puis peut peuvent faut doit dois peux suis sommes êtes avant après sans
        entre aussi moins très bien si fait faire cet sera été coûte c'est qu'est-ce d'un d'une aux
        """,
    "spanish": """
        cuánto cuánta cuántos cuántas puedo puede pueden necesito hay tengo aquí hasta desde antes después cuesta
        cuáles quiénes porqué debo hacer tiene tienen
        """,
    "italian": """
        quanto quanti quanta quante posso può possono perché devo deve ogni prima dopo senza fino tra fra quello
        costa c'è cos'è dov'è qual bisogna
        """,
    "dutch": """
        hoeveel waarom mag mogen moet moeten kun kunt kunnen gaat krijg krijgt hier geen voordat tussen zonder bij
        waarvoor jullie onze mijn deze alle
        """,
    "portuguese": """
        quanto quantos quantas posso pode podem preciso porque porquê devo custa aqui antes depois até cada fazer tenho
        há
        """,
    "swedish": """
        när i ut vid mot ta
        och att det som en på är av för med till den har de inte om ett men var jag från vi så kan när man ska hur vad
        vem vilka vilken vilket varför finns får måste mig oss min mitt mina era er ni du någon något några här där
        eller blir efter under utan behöver vill skulle hos
        """,
    "danish": """
        og at det er en til på som for med den har de ikke om et men var jeg fra vi så kan når man skal hvordan hvad
        hvem hvilke hvilken hvilket hvorfor hvor hvornår findes får må mig os min mit mine jeres nogen noget nogle her
        der eller bliver efter uden vil skulle hos ved af kunne være blir fra noen hva når ikkje eg kva
        """,
    "finnish": """
        ja on ei se että en ovat oli mutta kun jos tai myös hän minä sinä me te he mikä mitä missä mistä mihin milloin
        miksi miten kuka ketkä kenelle kuinka mitkä minkä millä minun meidän teidän onko voiko voinko saako saanko
        pitääkö täytyykö tämä tämän tuo siitä siellä täällä voi saa pitää täytyy ole olla olen minulla niin vain kuin
        paljonko montako minne mille joka jotka
        """,
    "hungarian": """
        a az és hogy nem is egy van volt ez de ha meg vagy mint csak már mi mit ki kit hol hova honnan mikor miért
        hogyan melyik mennyi mennyibe hány milyen kell lehet tudok tudom szabad vannak nincs legyen után előtt alatt
        között szerint nekem nekünk én mi ti ők aki ami amely azt ezt ott itt még minden kinek meddig
        """,
    "turkish": """
        ve bir bu ne için ile de da mi mı mu mü nasıl nerede nereye nereden neden niçin kim kime kimin hangi kaç zaman
        var yok olan olarak gibi daha çok en kadar sonra önce göre ben biz siz onlar benim bizim nedir mıdır midir
        musun mıyım miyim mudur olur oluyor değil ama veya ya her şey gerekiyor gerekir edilir
        """,
    "vietnamese": """
        là của và có không được cho các những một tôi bạn chúng ta này đó với trong khi nào ở đâu ai gì như thế sao tại
        vì phải thì để từ đến bao nhiêu lâu người làm cần nếu hay hoặc về ra vào trên dưới sau trước đã đang sẽ bị mấy
        cách nhân viên
        """,
    "polish": """
        i w na z do nie się jest to że o jak ale po co dla czy od za przez przy kto kogo komu gdzie kiedy dlaczego ile
        który która które którego jaki jaka jakie są być ma mam mieć mogę można trzeba muszę mój moje moja nasz przed
        pod nad oraz lub albo jeśli gdy już tylko tak może bez mi mnie nam jego jej ich tego
        """,
    "czech": """
        a se v na je to že s z o do i k ve za by jak ale po co pro si jsem jsou jsme být má mám mít mohu můžu může lze
        musím kdo koho kde kdy kam proč kolik který která které jaký jaká jaké nebo když už jen podle před při od u až
        můj moje náš není ako sa sú čo kto kedy prečo koľko ktorý ktorá ktoré môžem alebo keď pri nie aby
        """,
    "romanian": """
        și si în de la cu pe pentru nu este sunt un o ce care cum unde când cine cât câte câți câtă din mai sau dacă
        trebuie pot poate am are au să se prin după până fără despre între lui ei lor meu mea mele noastre ne îmi mă
        al a ale fost avem fi cui
        """,
    "indonesian": """
        yang dan di ke dari untuk pada dengan ini itu adalah tidak apa siapa bagaimana kapan mengapa kenapa berapa mana
        saya kami kita anda mereka dia bisa boleh harus akan sudah belum jika kalau atau oleh dalam lebih ada apakah
        dapat jika setelah sebelum karena tentang juga lagi cara boleh bagaimanakah manakah
        """,
    "croatian": """
        i u je na se da za su od s sa ne to kako ali ili što šta tko ko gdje gde kada kad zašto koliko koji koja koje
        kakav kakva kakvo li mogu može moram treba imam imate ima biti moj moja moje naš nije nisu bez prije nakon
        poslije kod po iz do ako smo ste sam kojem kojim mi me
        """,
    "lithuanian": """
        ir yra kad su į iš ar ne kaip bet kur kada kas ką kam kiek kuris kuri kurie kodėl koks kokia kokie galiu gali
        reikia turiu mano mūsų savo po prie už nuo iki dėl be apie per jei arba tik dar jau buvo bus būti šis ši tai
        """,
    "latvian": """
        un ir ka ar no uz par kas kā kur kad kāpēc cik kurš kura kuri kāds kāda kādi vai es mēs jūs man mums mans mūsu
        var varu vajag jābūt nav pie pēc pirms bez līdz ja bet tikai vēl jau bija būs būt šis šī tas lai
        """,
    "estonian": """
        ja on ei et see kui kas mis mida kus kust kuhu millal miks kuidas kes keda kellele palju mitu milline millised
        saab saan võib võin peab pean olen oled oli ole minu meie teie oma või aga ka veel juba pärast enne kohta jaoks
        ilma tema nad ma me te
        """,
    "swahili": """
        na ya wa kwa ni za la cha katika kama hii hiyo huu yangu yetu wangu nini nani wapi lini kwanini gani ngapi
        vipi je si kuna hakuna au lakini baada kabla bila kutoka hadi mimi sisi ninaweza naweza ninahitaji lazima
        wakati kila pia sana
        """,
    "tagalog": """
        ang ng sa na mga ay at ko mo ni para kung ano sino saan kailan bakit paano magkano ilan alin ba po hindi may
        mayroon wala ito iyan iyon siya kami tayo kayo sila ako namin natin aking lang din rin pero o dapat pwede
        """,
    "catalan": """
        i el la els les de del dels en un una amb per a que és són no com què qui quin quina quins quan on quant quants
        puc pot cal hem tinc té meu meva nostre si o al als es em ens després abans sense fins sobre aquest aquesta
        """,
}  # fmt: skip
_OWN_LISTS = ("english", "german", "french", "spanish", "italian", "dutch", "portuguese")
_CYRILLIC = {
    "ukrainian": "і й та що це як не на у з до є чи де коли хто скільки який яка чому для від про можна треба ми ви",
    "bulgarian": "и на да се за от е в с не са ще къде кога кой коя кои колко какво как защо мога може трябва ли има",
}
_ENGLISH_MORE = """
    am come ever get give got has have hello help hi i'm it's know let need new ok okay please thank thanks there
    want what's where's who's work works don't doesn't can't isn't won't didn't tell show find make use using between
    under over per via within after before since until first last other more most only same than
    """
_SCRIPTS = (
    ("japanese", r"\u3040-\u30ff"),
    ("korean", r"\u1100-\u11ff\uac00-\ud7af"),
    ("chinese", r"\u3400-\u9fff"),
    ("thai", r"\u0e00-\u0e7f"),
    ("greek", r"\u0370-\u03ff\u1f00-\u1fff"),
    ("hebrew", r"\u0590-\u05ff"),
    ("arabic", r"\u0600-\u06ff\u0750-\u077f"),
    ("hindi", r"\u0900-\u097f"),
    ("bengali", r"\u0980-\u09ff"),
    ("tamil", r"\u0b80-\u0bff"),
    ("georgian", r"\u10a0-\u10ff"),
    ("armenian", r"\u0530-\u058f"),
    ("cyrillic", r"\u0400-\u04ff"),
    ("latin", r"a-z\u00aa-\u024f\u1e00-\u1eff"),
)
_LETTERS = {name: re.compile(f"[{inside}]") for name, inside in _SCRIPTS}
_TONES = re.compile("[ơưđ\u1ea0-\u1ef9]")
"""Letters that Vietnamese alone has, and in nearly every second word."""
_PERSIAN = re.compile("[پچژگکی]")
_TELLING = 2
"""Common words of a language that tell it."""
OTHER = "other"
"""What `language_of` says of a text in a script or in words that it does not know."""


def spoken(text: str) -> list[str]:
    """Return the words of a text as they are written, without codes, addresses and abbreviations."""
    found = _WORD.findall(_ODD.sub(" ", plain(text[:_MOST_CHARACTERS])))
    return [word for word in found if len(word) == 1 or not word.isupper() or not word.isascii()]


def language_of(text: str) -> str:
    """Return the language's English name in small letters; empty where nothing tells, `OTHER` for another script.

    Languages of the Latin script are told by two of their commonest words that are not English too, and by more of them
    than any other language has. English wins a draw.
    """
    words = spoken(text)
    script = _script("".join(words).casefold())
    match script:
        case "latin" if 3 * sum(bool(_TONES.search(word)) for word in words) >= max(len(words), 4):
            return "vietnamese"
        case "latin":
            language, own, _ = _nearest(words, _latin())
            return language if language == "english" or own >= _TELLING else ""
        case "cyrillic":
            return _nearest(words, _cyrillic())[0] or "russian"
        case "arabic":
            return "persian" if _PERSIAN.search(text) else "arabic"
        case _:
            return script


def guess(text: str) -> tuple[str, list[str]]:
    """Return the language of the Latin script that a text has one common word of, and the small words it has not.

    Empty where it has none, or English ones, or nothing beside it but names. One word is little: it may stand in an
    English phrase (pro rata, faux pas), which the other words show.
    """
    words = spoken(text)
    language, own, strange = _nearest(words, _latin())
    if not own or language == "english":
        return "", strange
    theirs = _latin()[language]
    common = sum(word.casefold() in theirs for word in words)
    alone = common == len(words) or (common >= _TELLING and 2 * common >= len(words))
    return (language if strange or alone else ""), strange


def is_english_word(word: str) -> bool:
    """Tell whether it is one of the commonest English words."""
    return word.casefold() in _latin()["english"]


def _script(letters: str) -> str:
    """Return the script of most letters; empty for no letters. Japanese has Chinese letters too."""
    if not letters:
        return ""
    counts = {name: len(wanted.findall(letters)) for name, wanted in _LETTERS.items()}
    if counts["japanese"]:
        counts["japanese"] += counts["chinese"]
    best = max(counts, key=lambda name: counts[name])
    return best if 2 * counts[best] >= len(letters) else OTHER


def _nearest(words: list[str], known: Mapping[str, frozenset[str]]) -> tuple[str, int, list[str]]:
    """Return the language with most words, how many of them are not English too, and the small words it does not have.

    A name within a question is written with a capital letter: El Paso, Den Haag, Das Keyboard.
    """
    low = [word.casefold().replace("’", "'") for at, word in enumerate(words) if at == 0 or word.islower()]
    hits = {name: sum(word in theirs for word in low) for name, theirs in known.items()}
    best = max(hits, key=lambda name: (hits[name], name == "english"))
    if not hits[best]:
        return "", 0, low
    english = known.get("english", frozenset())
    strange = [word for word in words if word.islower() and word not in known[best]]
    own = sum(word in known[best] and word not in english and len(word) > 1 for word in low)
    return best, own, strange


@cache
def _latin() -> dict[str, frozenset[str]]:
    lists = {name: set(stop_words(name)) for name in _OWN_LISTS}
    for name, words in _WORDS.items():
        lists.setdefault(name, set()).update(words.split())
    lists["english"] |= set(_ENGLISH_MORE.split())
    return {
        # Most people leave accents out at times; without them Vietnamese words are anybody's.
        name: frozenset(words | set(map(_bare, words)) if name != "vietnamese" else words)
        for name, words in lists.items()
    }


@cache
def _cyrillic() -> dict[str, frozenset[str]]:
    return {"russian": stop_words("russian")} | {
        name: frozenset(words.split()) for name, words in _CYRILLIC.items()
    }


def _bare(word: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
