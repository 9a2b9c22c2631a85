"""Whether what a language model wrote is a question about its passage, or another wording of a question.

Rules on words alone, in the languages most often met; what they let through the round trip sees.
"""

import re

from rag.text.forms import plain
from rag.text.wording import words
from retrain.dataset.pairs import FEWEST_QUESTION_WORDS
from retrain.dataset.replies.faults import Fault
from retrain.dataset.replies.languages import language_of, other_language, same_script
from retrain.dataset.wording import one_line
from retrain.domain import QuestionStyle

FEWEST_KEYWORDS = 2
_COPIED_WORDS = 6
"""So many words in a row that stand in the passage are copied from it, unless they ask."""
_COPIED_KEYWORDS = 9
_COPIED_SHARE = 0.8
"""Share of a text's runs of four words that stand in the passage."""
_MOST_KEYWORDS = 14
_STATED_WORDS = 6

_ASKS = "?؟;՞"
_WH = (
    r"what|how|where|when|who|whom|whose|which|why|whether|"
    r"was|wie|warum|weshalb|wieso|wo|wohin|woher|wer|wem|wen|wann|welche[rsnm]?|"
    r"comment|pourquoi|quand|où|qui|que|quoi|quel(?:le)?s?|combien|"
    r"cómo|como|qué|que|cuándo|dónde|cuál(?:es)?|cuánt[oa]s?|quién(?:es)?|por qué|"
    r"come|quando|dove|perché|quale|quali|quant[oaie]|chi|cosa|hoe|wat|waarom|wanneer|waar|welke|hoeveel|"
    r"onde|qual|quais|quem|как|что|почему|зачем|когда|где|куда|кто|какой|какая|какие|какое|сколько|чем|чей|"
    r"jak|co|gdzie|kiedy|dlaczego|kto|ile|jaki[ea]?|nasıl|neden|nerede|kim|hangi"
)
_AUXILIARIES = (
    r"is|are|am|were|do|does|did|can|could|may|might|must|should|shall|will|would|has|have|had|isn't|aren't|don't|"
    r"doesn't|can't|ist|sind|kann|können|darf|dürfen|muss|müssen|soll|sollte|gibt|hat|haben|werden|wird|"
    r"est-ce|peut-on|puis-je|faut-il|y a-t-il|puedo|puede|debo|hay|posso|può|pode|"
    r"можно|нужно|нужен|нужна|ли|czy"
)
_BEFORE = (
    "in|at|to|for|from|by|with|on|under|about|of|and|or|so|but|please|also|then|hi|hello|auf|aus|bei|für|mit|zu|ab|bis|"
    "seit|um|und|à|de|pour|dans|en|avec|et|a|para|por|con|y|da|per|e|в|на|для|с|у|о|за|из|к|по|до|от|а|и|w|z|na|do"
)
_OPENS = re.compile(rf"^\W*(?:(?:{_BEFORE})\W+)?(?:{_WH}|{_AUXILIARIES})(?!\w)", re.IGNORECASE)
_ASKS_WITHIN = re.compile(
    r"\b(?:what|how|why|(?:can|will|do|does|did|should|could|would|may|must|am|are|is|have) "
    r"(?:i|we|you|they|he|she|it))\b",
    re.IGNORECASE,
)
_HOLDS = re.compile(rf"(?<!\w)(?:{_WH})(?!\w)", re.IGNORECASE)
_WANTS = re.compile(
    r"^\W*(?:please |bitte )?(?:tell me|explain|describe|list|name|show|give|find|compare|define|information|info|"
    r"looking for|need|wanted|wondering|steps|help|advice|"
    r"(?:the )?(?:best|easiest|quickest|right|safest|cheapest)? ?(?:ways?|places?|time|method)|"
    r"i(?:'m| am)? (?:need|want|would|wish|wonder|wondering|looking|trying|unsure|not sure|don't know|have no idea)|"
    r"nenne|erkläre?|beschreibe|ich (?:möchte|suche|brauche|will)|je (?:voudrais|cherche|veux)|quiero|necesito|busco|"
    r"расскажи(?:те)?|объясни(?:те)?|хочу|нужн[оаы])\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(
    r"(?<!\w)(?:i|i'm|i've|my|me|we|our|us|ich|mein\w*|mir|mich|wir|unser\w*|je|j'\w+|mon|ma|mes|nous|notre|yo|mi|mis|me|"
    r"nos|nuestr\w+|io|mio|mia|ik|mijn|wij|eu|meu|minha|я|мой|моя|мои|мне|меня|мы|нас|нам|наш\w*|mam|mój|moja|ben|benim)"
    r"(?!\w)",
    re.IGNORECASE,
)
_CJK_ASKS = re.compile(
    "[吗呢么哪谁几]|什|如何|怎|多少|是否|为何|何|どこ|いつ|誰|どう|どの|なぜ|いくら|か$|까|무엇|어디|어떻게|언제|누구|왜"
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SAYS = re.compile(
    r"\W*(?:you|it|they|we|this|that|these|those|there|yes|no|the|a|an|according)\b", re.IGNORECASE
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|can|must|should|will|may|might|would|need|needs|costs?|takes?|makes?|gives?|"
    r"ist|sind|wird|werden|kann|muss|hat|haben|kostet|est|sont|peut|doit|ont|es|son|está|están|puede|debe|è|sono|может|"
    r"могут|является|составляет)\b",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[.!。！।](?:[\"'”»)]*)$")

_TEXT = "(?:passage|text|excerpt|paragraph|article|document|author|section|snippet|context|source)"
_SAID = "(?:mentioned|described|stated|discussed|listed|provided|given|outlined|explained|presented|covered|cited)"
_SPEAKS = "say|state|mention|describe|discuss|explain|refer|talk|suggest|list|deal|define|tell|claim|argue|cover|give"
_NOUN = "(?:passage|text|excerpt|paragraph|article|snippet|extract|author)"
_GIVEN = "(?:given|provided|above|following|accompanying)"
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:according to|based on|as per|per|from|in) (?:the|this) (?:(?:{_GIVEN}|same|entire) )?{_NOUN}\b",
        rf"\b(?:according to|based on|as per) (?:the|this) (?:{_GIVEN} )?{_TEXT}\b",
        r"\b(?:in|from|on) this (?:section|page|chapter|guide)\b",
        rf"\b(?:in|from|by|of|to|about) (?:the|this) {_GIVEN} {_TEXT}\b",
        rf"\b{_SAID} (?:here|above|below|(?:in|by|within) (?:the|this) {_TEXT})\b",
        rf"\b(?:does|do|did) (?:the|this) {_NOUN} (?:\w+ly )?(?:{_SPEAKS})\b",
        rf"\b(?:the|this) {_NOUN}(?:'s)? (?:(?:{_SPEAKS})(?:e?s)?|about|main|purpose|title|topic)\b",
        # German
        r"\b(?:laut|gemäß|nach|im|in|aus) (?:dem |diesem |des |obigem? )*(?:text|textabschnitt|abschnitt|absatz|"
        r"artikel|passage)\b",
        # French, Spanish, Italian, Dutch, Portuguese
        r"\b(?:selon|d'après|dans) (?:le|la|l'|ce|cet|cette) ?(?:texte|passage|article|extrait|paragraphe|document)\b",
        r"\b(?:según|de acuerdo con|en) (?:el|la|este|esta) (?:texto|pasaje|artículo|fragmento|párrafo|documento)\b",
        r"\b(?:secondo|nel|dal) (?:il |questo )?(?:testo|brano|passaggio|articolo)\b",
        r"\b(?:volgens|in) (?:de|deze|het) (?:tekst|passage|artikel)\b",
        r"\b(?:segundo|de acordo com|no) (?:o )?(?:texto|trecho|artigo)\b",
        # Russian, Chinese, Japanese, Korean
        r"(?:согласно|по|в) (?:этому |этом |данном |данному )?(?:тексте?у?|отрывк[уе]|статье)(?!\w)",
        r"упомянут\w* в (?:тексте|статье|отрывке|документе)",
        r"(?:本文|文中|文章|上文|上述|该文|这段|此段|段落|短文|原文)",
        r"(?:この|本)(?:文章|テキスト|文書|記事)|(?:본문|지문|이 글)",
    )
)
_NAMES = re.compile(
    r"\b(?:the|this) (?P<noun>passage|text|excerpt|paragraph|snippet)s?\b",
    re.IGNORECASE,
)

_NAMES_MORE = re.compile(
    r"s?\s*(?:[\d§№(]|(?:messages?|editors?|fields?|box(?:es)?|files?|numbers?|of (?:title|law))\b)",
    re.IGNORECASE,
)
"""After a word for a text: it names another thing, an article of a law or the text of a message."""


def fault_of_question(text: str, *, passage: str, style: QuestionStyle) -> Fault | None:
    """Return what is wrong with a question about a passage; None where nothing is."""
    keywords = style is QuestionStyle.KEYWORD
    if _length(text) < (FEWEST_KEYWORDS if keywords else FEWEST_QUESTION_WORDS):
        return Fault.TOO_SHORT
    if other_language(text, passage, sentence=not keywords):
        return Fault.LANGUAGE
    if names_the_text(text, passage):
        return Fault.NAMES_TEXT
    if _copied(text, passage, _COPIED_KEYWORDS if keywords else _COPIED_WORDS):
        return Fault.COPIED
    return None if _asks(text, style) else Fault.STATEMENT


def fault_of_wording(text: str, *, question: str, about: str = "") -> Fault | None:
    """Return what is wrong with another wording of a question, about a passage where it is known."""
    if _strays(text, question, about):
        return Fault.LANGUAGE
    if names_the_text(text, f"{question}\n{about}"):
        return Fault.NAMES_TEXT
    if about and _copied(text, about, _COPIED_KEYWORDS) and not _copied(question, about, _COPIED_WORDS):
        return Fault.COPIED
    if _states(text) and not _ENDED.search(one_line(question)):
        return Fault.STATEMENT
    return None


def _strays(text: str, question: str, about: str) -> bool:
    """Tell whether a wording is in another language than its question, and where that is too short, its passage."""
    sentence = "?" in plain(text)
    if other_language(text, question, sentence=sentence):
        return True
    unsure = language_of(question) is None and same_script(question, about)
    return unsure and other_language(text, about, sentence=sentence)


def names_the_text(text: str, passage: str) -> bool:
    """Tell whether a question speaks of its passage, which nobody who asks has before them."""
    text = plain(text)
    for pattern in _NAMED:
        found = pattern.search(text)
        if found and not _NAMES_MORE.match(text, found.end()):
            return True
    # "How long may the text of a message be?" asks about texts, as its passage does.
    named = _NAMES.search(text)
    if named is None or _NAMES_MORE.match(text, named.end()):
        return False
    return named["noun"].casefold() not in plain(passage).casefold()


def _asks(text: str, style: QuestionStyle) -> bool:
    text = plain(text)
    if _asks_aloud(text):
        return True
    if style is QuestionStyle.KEYWORD:
        ended = _ENDED.search(text) is not None and len(words(text)) >= _STATED_WORDS - 2
        told = _SAYS.match(text) is not None and len(words(text)) >= _STATED_WORDS
        return not ended and not told and _length(text) <= _MOST_KEYWORDS
    if style is QuestionStyle.SITUATION and _FIRST_PERSON.search(text):
        return True
    # "If I move abroad what happens to my pension"; "best way to get a passport".
    if _ENDED.search(text) is not None:
        return False
    return _ASKS_WITHIN.search(text) is not None or not (_SAYS.match(text) or _VERB.search(text))


def _asks_aloud(text: str) -> bool:
    """Tell whether a text, in plain form, has a question mark or begins as a question or a wish to know."""
    return any(sign in text for sign in _ASKS) or any(
        form.search(text) for form in (_CJK_ASKS, _OPENS, _WANTS)
    )


def _states(text: str) -> bool:
    """Tell whether a text is a sentence that says something and asks nothing."""
    text = plain(text)
    if _asks_aloud(text):
        return False
    if _FIRST_PERSON.match(text) and _HOLDS.search(text):
        return False
    said = len(words(text))
    return _length(text) >= _STATED_WORDS and (
        _ENDED.search(text) is not None or (said >= _STATED_WORDS and _SAYS.match(text) is not None)
    )


def _copied(text: str, passage: str, fewest: int) -> bool:
    """Tell whether a text stands in the passage, or nearly so. A question that stands there was asked there."""
    if "?" in plain(text) and _OPENS.search(plain(text)):
        return False
    said, there = words(text), words(passage)
    if len(said) < fewest:
        # Chinese has no blanks: its runs are compared as they stand.
        return _length(text) >= fewest and "".join(said) in "".join(there)
    runs = {tuple(there[at : at + 4]) for at in range(len(there) - 3)}
    mine = [tuple(said[at : at + 4]) for at in range(len(said) - 3)]
    return sum(run in runs for run in mine) >= _COPIED_SHARE * len(mine)


def _length(text: str) -> int:
    """Return how many words a text has; two characters of a script without blanks count as one."""
    unspaced = len(_CJK.findall(text))
    return len(words(_CJK.sub(" ", text))) + (unspaced + 1) // 2
