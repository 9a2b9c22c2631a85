"""What gives a follow-up away in English, and what a conversation is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.text.codes import codes
from rag.text.forms import plain
from rag.text.languages import guess, language_of
from rag.text.stop_words import stop_words

_TOKEN = re.compile(
    r"[^\s@]{1,64}@[^\W_]+(?:[-.][^\W_]+){1,4}"  # an address
    r"|(?:§+ ?)?(?=[^\W_][\w./:+-]{0,40}\d)[^\W_]+(?:[-_./:+][^\W_]+)+"  # a code, with a digit in it
    r"|[^\W_]+(?:[-'’][^\W_]+)*|[,;:]"
)
_MAX_WORDS = 14
"""Words of a topic."""
_LONGEST_WORD = 60  # characters
_LONGEST_FOLLOW_UP = 40
"""Words; whoever writes more says what it is about."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LIGHT = _set("""
    again alternative alternatives another anybody anyone anything apply applies bit briefly case change changes
    clarify continue detail details difference different
    elaborate else even ever example examples exactly exception exceptions explain
    first former get gets give go got happen happens happened know last latter let long many matter mean means more
    much need needs next now okay ok one ones only other others otherwise please possible quick quickly really
    reason say says second short show something still summarise summarize sure take takes tell thing things third
    type understand use used want way whole work works yes yet
    """)
"""Words that carry too little meaning to find anything by, or to be what a conversation is about."""
_STOP = stop_words("english")

_COURTESY = _set("""
    a afternoon all alright and are awesome bye cheers clear cool day evening everyone fine for goodbye good got
    great hello help helpful hey hi how i is it lot many morning much nice no ok okay perfect please so sorry super
    thank thanks that that's thats the there thx understood very well welcome wonderful yeah yes you your
    """)
_MEETING = _set("bye cheers goodbye hello hey hi thank thanks thx")
_COURTEOUS = _MEETING | _set("ok okay cool great perfect nice awesome understood sorry")
_SAID = re.compile(
    r"(?:never mind|got it|no (?:problem|worries)|that(?:'s| is) (?:all|it)|(?:vielen |besten )?dank(?: dir| ihnen)?"
    r"|danke(?: schön| sehr| dir)?|merci(?: beaucoup| bien)?|(?:muchas )?gracias|(?:mille )?grazie|obrigad[oa]|bedankt"
    r"|dank je(?: wel)?|tack(?: så mycket)?|takk?|kiitos|dziękuję|dzięki|děkuji|köszönöm|teşekkürler"
    r"|спасибо|дякую|cảm ơn|谢谢|ありがとう(?:ございます)?|감사합니다"
    r"|hallo|bonjour|hola|ciao|guten (?:tag|morgen))(?:[,.! 。！]|\Z)+",
    re.IGNORECASE,
)
"""What is said whole, and in other languages."""

_ENGLISH = _set("""
    about and are can could did does for from give has have how i'm is it its me more my our please should tell than
    that the their them they this to us was we were what what's when where which who why with without would yes you
    your
    """)
"""Function words that few other languages share."""

_CORRECTING = (
    r"(?:no|nope|sorry|actually|rather|wait|pardon)(?:\s*[,.:;–-]\s*|\s+(?=i\s+mean))"
    r"|(?:what\s+)?i\s+(?:actually\s+|really\s+)?(?:mean[t]?|was\s+asking\s+about)\b[\s,:]*"
)
"""How one takes back a word of the question before."""
_CORRECTION = re.compile(rf"^(?:(?:oh|but|and|ok(?:ay)?|well|hm+)\b[\s,]*)*(?:{_CORRECTING})", re.IGNORECASE)
_LEADS = re.compile(
    r"^(?:(?:and|but|also|so|or|plus|ok(?:ay)?|yes|then|well|oh|hm+)\b[\s,]*|"
    rf"{_CORRECTING})*"
    r"(?:(?:what|how)\s+about|what\s+(?:if|of)|same\s+(?:for|with|question\s+for))?\s*",
    re.IGNORECASE,
)
_OPENERS = _set("""
    about above after any are as at because before between by can could did do does during except for from had has
    how if in inside instead is like near not of on only or outside should than to under unless until was were what
    when where which who whom whose why will with within without would
    """)
"""Words a short question begins with that is no mere keyword."""
_BOUNDARIES = _set(", ; : and or if when before after because while once until but than unless")
_BE = _set("is are was were be what's who's where's when's")
_SUBJECT = _set("it they he she")
_OBJECT = _set("them him its theirs itself themselves it's they're he's she's it'll they'll")
_POSSESSIVE = _set("their his her hers")
_POINTING = _set("this these those")
_SPANS = _set(
    "week month year morning afternoon evening time quarter semester season weekend company service"
)
_BEFORE_PLACE = _set("from in near over to up around live get")
_EXPLETIVE = re.compile(
    r"\b(?:is|was|be|would|will)\s+it\s+(?:be\s+)?\w+\s+(?:to|that|for|if|when)\b"
    r"|\bit(?:'s|’s|\s+is|\s+was)\s+\w+\s+(?:to|that|for)\b"
    r"|\b(?:does|do|did|will|would|can)\s+it\s+(?:take|cost|need|require)\b.*\bto\b",
    re.IGNORECASE,
)
_ONE = re.compile(
    r"\b(?:which|another|the\s+(?:first|second|third|last|next|other|same|right|former|latter))\s+ones?\b|\bones\b"
    r"|\bthe\s+(?:former|latter|same)\b|\b(?:first|second|third|last)\s+one\b|\bwhich\s+of\s+(?:the\w+)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[^.!?:\s“\"'(]\s)[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)*")


def is_courtesy(text: str) -> bool:
    """Tell whether it is a greeting or thanks, and no question."""
    words = set(_words(text[:200]))
    if _SAID.fullmatch(text[:200].strip()):
        return True
    # "Is it cool?" asks; "Hi, how are you?" is not asked of documents.
    telling = _MEETING if text.rstrip().endswith("?") else _COURTEOUS
    return 0 < len(words) <= 12 and len(text) <= 200 and words <= _COURTESY and bool(words & telling)


def likely_language(text: str) -> str:
    """Return the language that a question is in, by one common word where there are no more; empty where none tells."""
    return language_of(text) or guess(text)[0]


def is_english(text: str) -> bool:
    """Tell whether it is English, as far as anything gives that away."""
    language = likely_language(text)
    return language == "english" if language else any(word in _ENGLISH for word in _words(text))


def is_follow_up(question: str) -> bool:
    """Tell whether an English question cannot be understood without the one before it.

    It can't where it goes on ("and on Fridays?", "what about Berlin?"), where it has hardly a word of its own ("why?",
    "who pays?"), or where a pronoun stands for something that the question itself does not name.
    """
    body, led = unled(question)
    words = _words(body)
    own = content(body)
    if not 0 < len(words) <= _LONGEST_FOLLOW_UP:
        return False
    if led and len(own) <= (8 if is_correction(question) else 4):
        return True
    if not own:
        return True
    if _ONE.search(body) or _points_back(body, few=len(own) <= 2):
        return True
    # "Who pays?" goes on; "Laptops?" and "What is parental leave?" do not.
    return len(own) == 1 and len(words) <= 4 and words[0] in _OPENERS and not set(words[:3]) & _BE


def unled(question: str) -> tuple[str, bool]:
    """Return the question without "and", "what about" and the like before it, and whether there was any."""
    lead = _LEADS.match(question.strip())
    body = question.strip()[lead.end() :] if lead else question.strip()
    return body, len(body) < len(question.strip())


def is_correction(question: str) -> bool:
    """Tell whether it takes back a word of the question before: "no, I meant E-1043"."""
    return _CORRECTION.match(question.strip()) is not None


def names(question: str) -> tuple[str, ...]:
    """Return what a question names as it is typed: codes, and words with a capital letter where others have none."""
    found = [code.typed for code in codes(question)]
    if not question.isupper():
        found += [word for match in _NAME.finditer(question) for word in match.group().split()]
        found += [
            word for word in content(question) if not word[1:].islower() and word[1:].lower() != word[1:]
        ]
    return tuple(dict.fromkeys(word for word in found if word.casefold() not in _STOP | _LIGHT))


def content(text: str) -> tuple[str, ...]:
    """Return the words that carry meaning, as they are written, each once."""
    kept: dict[str, str] = {}
    for match in _TOKEN.finditer(text):
        word = match.group()
        plain = re.sub(r"['’](?:s|re|ll|d|ve|t|m)$", "", word.casefold())
        if word[0] not in ",;:" and len(word) <= _LONGEST_WORD and plain not in _STOP and plain not in _LIGHT:
            kept.setdefault(plain, word)
    return tuple(kept.values())


def proper_names(answer: str) -> tuple[str, ...]:
    """Return names in an answer, which "she" or "there" may stand for: capitalised within a sentence; three at most."""
    return tuple(dict.fromkeys(match.group()[:_LONGEST_WORD] for match in _NAME.finditer(answer)))[:3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """What a conversation is about."""

    root: tuple[str, ...] = ()  # content words of the last question that stood alone
    last: tuple[str, ...] = ()  # of the last follow-up
    led: bool = False  # whether that one began with "and", "what about" or the like

    def after(self, question: str) -> "Topic":
        """Return the topic once this was asked too."""
        if not self.root or not is_follow_up(question):
            own = content(question)
            return Topic(root=own) if own else self
        body, led = unled(question)
        own = content(body)
        if is_correction(question):
            return replace(self, root=self._about(body), last=(*self.last, *own))
        return Topic(root=self._about(body) if led else self.root, last=own, led=led) if own else self

    def completed(self, question: str, *, named: Sequence[str] = ()) -> str:
        """Return a follow-up with the topic before it; `named` are names its pronouns may stand for."""
        body, led = unled(question)
        own = {word.casefold() for word in content(body)}
        # "And Berlin?" after "and Paris?" asks the first question anew; "who pays?" goes on from there. Whoever takes
        # back a word, or asks for another one of the same, means the last question.
        anew = led and self.led and not is_correction(question) and not _ONE.search(body)
        last = () if anew else self.last
        people = {"he", "she", "him", "her", "his", "they", "them", "their", "there"} & set(_words(body))
        words = dict.fromkeys((*self.root, *last, *(named if people else ())))
        # "And E-1043?" is about that one alone; "is it the same for E-1043?" compares.
        asked = codes(body) if led else ()
        topic = [
            word
            for word in words
            if word.casefold() not in own and not any(code.is_rivalled_in(plain(word)) for code in asked)
        ][:_MAX_WORDS]
        return f"{' '.join(topic)}: {body}" if topic else question

    def _about(self, body: str) -> tuple[str, ...]:
        """Return the root with a code of the follow-up in the place of another of its sort: "and E-1043?"."""
        asked = codes(body)
        return tuple(
            next((code.typed for code in asked if code.is_rivalled_in(plain(word))), word)
            for word in self.root
        )


def _points_back(question: str, *, few: bool) -> bool:
    """Tell whether a pronoun has nothing in the question to stand for; `few`: the question has few words of its own."""
    tokens = [match.group().casefold().replace("’", "'") for match in _TOKEN.finditer(question)]
    empty = {"it"} if _EXPLETIVE.search(question) else set()
    return any(
        _is_unresolved(token, tokens[:at], tokens[at + 1 :], few=few)
        for at, token in enumerate(tokens)
        if token not in empty
    )


def _is_unresolved(token: str, before: Sequence[str], after: Sequence[str], *, few: bool) -> bool:
    if token in _SUBJECT | _OBJECT:
        return few or not _named_before_boundary(before)
    if token in _POSSESSIVE:
        return not _named(before)
    following = after[0] if after else ""
    if token in _POINTING:
        return following not in _SPANS | {"who", "whose"}
    match token:
        case "that":
            # After a word of meaning it begins a clause: "the form that I need".
            return not _named(before[-1:]) and following not in ("i", "we", "you")
        case "there":
            preceding = before[-1] if before else ""
            return preceding not in _BE and (not after or preceding in _BEFORE_PLACE)
    return False


def _named(tokens: Sequence[str]) -> bool:
    return bool(content(" ".join(tokens)))


def _named_before_boundary(before: Sequence[str]) -> bool:
    """Tell whether a clause that has ended names something: "if a laptop breaks, who replaces it?"."""
    ends = [at for at, token in enumerate(before) if token in _BOUNDARIES]
    return bool(ends) and _named(before[: ends[-1]])


def _words(text: str) -> list[str]:
    return [word for word in _TOKEN.findall(text.casefold().replace("’", "'")) if word[0] not in ",;:"]
