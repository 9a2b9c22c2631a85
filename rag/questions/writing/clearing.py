"""A language model's words, piece by piece -> the answer: no thoughts, no preamble, no prompt, nothing twice."""

import json
import re
from collections.abc import Sequence

from rag.domain import Message
from rag.text.thoughts import CLOSING, CONTROL, OPENING

_TAG_BEGUN = re.compile(r"(?:<[\w/|:]{0,24}|\[/?[A-Z]{0,5}|◁/?[a-z]{0,5})$")
_HELD = 200
"""Characters at an answer's beginning that are held back at most where they may be a preamble."""
_ECHOED = 100_000
"""Characters of a prompt that is repeated, at most."""
_SAID_AGAIN = 12
"""Characters that a part of the answer said again has at least; the whole may be shorter."""

_INTERJECTION = re.compile(
    r"(?:sure(?: thing)?|certainly|of course|absolutely|definitely|okay|ok|alright|(?:great|good) question"
    r"|no problem"
    r"|(?:i(?:'d| would) be |i'm |i am )?(?:happy|glad) to help(?: you)?(?: with (?:that|this))?"
    r"|here you go|natürlich"
    r"|(?:sehr )?gerne?|selbstverständlich|klar|bien sûr|certainement|avec plaisir|claro(?: que sí)?"
    r"|por supuesto"
    r"|certo|certamente|com certeza|конечно|当然(?:可以)?|好的|もちろん(?:です)?|承知しました)\s*[!！,，.。:：—–-]+\s*",
    re.IGNORECASE,
)
_META = (
    r"(?:answers?|responses?|results?|questions?|asked|request(?:ed)?|information|summary|json|passages?"
    r"|documents"
    r"|antwort|ergebnis|frage|zusammenfassung|réponse|résultat|question|résumé|respuesta|resultado|pregunta"
    r"|resumen"
    r"|risposta|ответ|答案|回答)"
)
_HERE = re.compile(
    r"(?:here(?:'s|’s| is| are)|below (?:is|are)|hier (?:ist|sind|kommt|finden sie)|voici|aquí (?:está"
    r"|tienes?|tiene)"
    rf"|ecco|вот|以下是|以下は)(?=[^\n:：]{{0,120}}{_META})[^\n:：]{{0,120}}[:：]\s*",
    re.IGNORECASE,
)
_GIVEN = (
    r"(?: (?:that (?:was|were|are) )?(?:provided|given|above|below|you (?:gave|provided))(?: (?:above|below"
    r"|to me))?)?"
)
_BASIS = re.compile(
    r"(?:(?:based|relying|drawing) (?:up)?on|according to|as per|from|per|in|given)(?: (?:the|these|those"
    r"|your|all))*"
    r"(?: (?:provided|given|numbered|above|supplied|available|following|relevant|retrieved|context))*"
    rf" (?:passages?|context|documents?|documentation|information|texts?|excerpts?|sources?"
    rf"|materials?){_GIVEN}\s*[,:]\s*"
    r"|(?:basierend auf|laut|gemäß|auf(?: der)? grundlage|anhand)(?: (?:den|der|dem|des|von))*"
    r"(?: (?:bereitgestellte|vorliegende|angegebene|gegebene)[nrsm]?)* "
    r"(?:passagen|dokumenten?|informationen|texte?n?|textstellen|abschnitte?n?|quellen|kontexts?)\s*[,:]\s*"
    r"|(?:d['’]après|selon|sur la base|à partir)(?: (?:de|des|les|ces|du|le))*"
    r" (?:passages?|documents?|extraits?|informations?|sources?|contexte)(?: (?:fourni|donné)e?s?)?\s*[,:]\s*"
    r"|(?:según|de acuerdo con|basándome en|con base en)(?: (?:los|las|el|la))*"
    r" (?:pasajes?|documentos?|fragmentos?|información|fuentes?|contexto)(?: (?:proporcionad"
    r"|dad)[oa]s?)?\s*[,:]\s*",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\**(?:final )?(?:answer|response|assistant|antwort|réponse|respuesta|risposta|ответ|回答|答案"
    r"|答)\s*[:：]\s*\**\s*"
    r"|assistant\s*\n\s*",
    re.IGNORECASE,
)
_PREAMBLES = (_INTERJECTION, _HERE, _BASIS, _LABEL)
_LED = """
sure|certainly|of course|absolutely|definitely|okay|ok|alright|great question|good question|no problem|
i'd be |i would be |i'm happy|i'm glad|i am happy|i am glad|happy to|glad to|here |here's|here’s|
natürlich|gern|sehr gern|selbstverständlich|klar|bien sûr|certainement|avec plaisir|claro|por supuesto|
certo|certamente|com certeza|конечно|当然|好的|もちろん|承知しました|below |hier |voici|aquí |ecco|вот|以下|based on|
based upon|relying |drawing |according to|as per|from the|from your|per the|in the |given the|basierend|
laut |gemäß |auf der grundlage|auf grundlage|anhand |d'après|d’après|selon |sur la base|à partir|según |
de acuerdo|basándome|con base|answer|final answer|response|assistant|antwort|réponse|respuesta|risposta|
ответ|回答|答|**answer|**final|**response
"""
_OPENERS = tuple(each for each in _LED.replace("\n", "").split("|") if each)
"""How what may be a preamble begins."""
_BLOCK = re.compile(r"<(?P<tag>passage|wishes)\b[^>]{0,40}>.*?</(?P=tag)>\s*", re.DOTALL | re.IGNORECASE)
_STRAY = re.compile(r"</?(?:passage|wishes)\b[^>]{0,40}>\s*", re.IGNORECASE)
_LINE = 20
"""Characters of a line of the instructions by which a repeated prompt is known."""
_JSON = re.compile(r"(?:```(?:json)?\s*)?\{\s*\"")
_JSON_BEGUN = re.compile(r"`{1,3}(?:j|js|jso|json)?\s*\{?\s*|\{\s*")
_FENCED = re.compile(r"```\w*\s*(?P<body>\{.*\})\s*(?:```.*)?", re.DOTALL)


class Clearing:
    """Passes on what of a language model's words is the answer."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        """Take the prompt that is not to be repeated."""
        self._messages = messages
        self._thinking = Thinking()
        self._begin()

    def _begin(self) -> None:
        self._head = _Head(self._messages)
        self._once = _Once()

    @property
    def began_anew(self) -> bool:
        """Whether all that was passed on so far was a thought whose beginning was not written."""
        return self._thinking.unopened

    def feed(self, piece: str) -> str:
        """Return what may be shown by now; where `began_anew` turns true, it takes the place of all before."""
        before = self.began_anew
        text = self._thinking.feed(piece)
        if self.began_anew and not before:
            self._begin()
        return self._once.feed(self._head.feed(text))

    def rest(self) -> str:
        """Return what was held back, once all has come."""
        text = self._head.feed(self._thinking.rest()) + self._head.rest()
        return self._once.feed(text) + self._once.rest()


class Thinking:
    """Takes thoughts in tags out, and the marks of chat templates."""

    def __init__(self) -> None:
        """Start outside of any thought."""
        self._text = ""
        self._inside = False
        self.unopened = False  # a thought ended that had no beginning

    def feed(self, piece: str) -> str:
        """Return what is no thought; a tag that has only begun is held back."""
        self._text += piece
        out = ""
        while True:
            if self._inside:
                closed = CLOSING.search(self._text)
                if closed is None:
                    self._text = self._text[-24:]
                    return out
                self._text, self._inside = self._text[closed.end() :].lstrip(), False
                continue
            opened = OPENING.search(self._text)
            stray = list(CLOSING.finditer(self._text, 0, opened.start() if opened else len(self._text)))
            if stray:
                out, self.unopened = "", True
                self._text = self._text[stray[-1].end() :].lstrip()
            elif opened:
                out += self._text[: opened.start()]
                self._text, self._inside = self._text[opened.end() :], True
            else:
                break
        self._text = CONTROL.sub("", self._text)
        begun = _TAG_BEGUN.search(self._text)
        at = begun.start() if begun else len(self._text)
        out, self._text = out + self._text[:at], self._text[at:]
        return out

    def rest(self) -> str:
        """Return what was held back; a thought that has no end is not."""
        held, self._text = self._text, ""
        return "" if self._inside else held


class _Head:
    """Drops what stands before an answer: preambles, labels, the prompt once more."""

    def __init__(self, messages: Sequence[Message]) -> None:
        lines = [
            line.strip() for each in messages if each.role == "system" for line in each.content.splitlines()
        ]
        asked = messages[-1].content.rsplit("\n", 1)[-1].strip() if messages else ""
        self._lines = sorted(
            {line.casefold() for line in [*lines, asked] if len(line) >= _LINE}, key=len, reverse=True
        )
        self._text = ""
        self._begun = False
        self._cut = False  # something that leads into the first sentence was dropped

    def feed(self, text: str) -> str:
        if self._begun:
            return text
        self._text += text
        return self._read(final=False)

    def rest(self) -> str:
        return "" if self._begun else self._read(final=True)

    def _read(self, *, final: bool) -> str:
        while True:
            self._text = self._text.lstrip()
            if not self._text:
                return ""
            dropped, wait = self._led(final=final)
            if wait and not final and len(self._text) < _ECHOED:
                return ""
            if not dropped:
                break
            self._text = self._text[dropped:]
        self._begun = True
        text, self._text = _unwrapped(self._text) if final else self._text, ""
        return text[:1].upper() + text[1:] if self._cut else text

    def _led(self, *, final: bool) -> tuple[int, bool]:
        """Return how many characters are no answer, and whether what comes next may tell."""
        text = self._text
        low = text.casefold()
        if block := _BLOCK.match(text):
            return block.end(), False
        if low.startswith(("<passage", "<wishes")) or "<passage".startswith(low) or "<wishes".startswith(low):
            return (len(text) if final else 0), True
        if stray := _STRAY.match(text):
            return stray.end(), False
        for line in self._lines:
            if low.startswith(line):
                return len(line), False
            if line.startswith(low):
                return 0, True
        if _JSON.match(text) or _JSON_BEGUN.fullmatch(text):
            return 0, True
        if not any(low.startswith(each) or each.startswith(low) for each in _OPENERS):
            return 0, False
        for kind in _PREAMBLES:
            led = kind.match(text)
            if led and (led.end() < len(text) or final):
                if not any(map(str.isalnum, re.sub(r"\[\d+\]", "", text[led.end() :]))):
                    return 0, not final  # nothing else is said, so far
                self._cut = self._cut or kind is not _LABEL
                return led.end(), False
        return 0, "\n" not in text.rstrip() and len(text) < _HELD


class _Once:
    """Leaves out an answer that is said again."""

    def __init__(self) -> None:
        self._shown = ""
        self._held = ""

    def feed(self, text: str) -> str:
        out: list[str] = []
        for char in text:
            if self._held:
                if self._shown.startswith(self._held + char):
                    self._held += char
                    continue
                if not self._is_whole(self._held):
                    out.append(self._held)
                    self._shown += self._held
                self._held = ""
            if self._may_begin_again(char):
                self._held = char
            else:
                out.append(char)
                self._shown += char
        return "".join(out)

    def rest(self) -> str:
        held, self._held = self._held, ""
        return "" if self._is_whole(held) or len(held.strip()) >= _SAID_AGAIN else held

    def _is_whole(self, held: str) -> bool:
        return bool(held.strip()) and held.strip() == self._shown.strip()

    def _may_begin_again(self, char: str) -> bool:
        shown = self._shown
        if char != shown[:1]:
            return False
        return shown.endswith("\n\n") or (
            len(shown.strip()) >= _SAID_AGAIN and (shown[-1].isspace() or shown[-1] in ".!?]。")
        )


def _unwrapped(text: str) -> str:
    """Return the text within a JSON object that nobody asked for; any other as it is."""
    fenced = _FENCED.fullmatch(text.strip())
    try:
        value = json.loads(fenced["body"] if fenced else text)
    except ValueError:
        return text
    texts = [each for each in value.values() if isinstance(each, str)] if isinstance(value, dict) else []
    if not texts or (len(texts) > 1 and not isinstance(value.get("answer"), str)):
        return text
    return str(value.get("answer", texts[0])) if isinstance(value.get("answer", ""), str) else texts[0]
