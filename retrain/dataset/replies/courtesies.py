"""What a language model says besides: greetings, offers, headings, refusals. None of it is a question of anybody's."""

import re

from rag.text.forms import plain


def _patterns(*alternatives: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE) for each in alternatives)


_CANNOT = r"(?:can'?t|cannot|can not|unable|not able|won'?t|not comfortable|not allowed|do(?:n'?t| not))"
_TO_SERVE = (
    r"(?:help|assist|comply|fulfil|provide|generate|create|write|answer|do (?:that|this)|process|engage|continue|"
    r"support|produce|rewrite|rephrase|reword|discuss|offer|give)"
)
_REFUSED = _patterns(
    r"\b(?:as|being) an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    rf"^\W*(?:i'?m|i am|we are|we're)? ?(?:really |so |very |truly )?sorry\b.{{0,80}}{_CANNOT}",
    rf"^\W*(?:i apologi[sz]e|my apologies|apologies|unfortunately)\b.{{0,60}}\b(?:i|we)\b.{{0,20}}{_CANNOT}",
    rf"^\W*(?:i|we)(?:'m| am)? ?{_CANNOT}(?: to| be able to)? {_TO_SERVE}\b",
    r"^\W*i (?:must|have to) decline\b",
    r"^\W*i'?m (?:just |only )?an? (?:program|assistant|bot|computer|machine|ai)\b",
    r"\b(?:passage|text|context)\b.{0,40}\b(?:does not|doesn't|do not|don't|is not|isn't) (?:contain|provide|"
    r"include|have|enough|sufficient|given|clear)\b",
    r"^\W*i (?:don't|do not|cannot|can't) (?:see|find) (?:a|any|the) (?:passage|text)\b",
    r"^\W*there (?:is|are) (?:not enough|insufficient|no) (?:information|content|text)\b",
    # German
    r"^\W*(?:es )?tut mir (?:sehr )?leid\b|^\W*leider kann ich\b|^\W*(?:dabei|das|damit) kann ich (?:leider )?nicht\b",
    r"^\W*ich kann (?:dabei|ihnen|dir|diese|das|keine)\b.{0,60}\b(?:nicht|keine)\b",
    # French, Spanish, Italian, Portuguese, Dutch
    r"^\W*(?:je suis )?désolée?s?\b|^\W*je (?:ne peux pas|ne suis pas en mesure)\b",
    r"^\W*(?:lo siento|lamento)\b|^\W*(?:no puedo|no me es posible) (?:ayudar|generar|crear|responder|cumplir)",
    r"^\W*(?:mi dispiace|desculpe|sinto muito|het spijt me|przykro mi|üzgünüm)\b",
    # Russian, Chinese, Japanese, Korean
    r"^\W*(?:извините|простите)\b.{0,40}\bне\b|^\W*к сожалению,? я\b",
    r"^\W*я не могу (?:помочь|ответить|создать|выполнить)",
    r"^\W*(?:很?抱歉|对不起)|^\W*我(?:无法|不能)|申し訳|お手伝いできません|죄송",
)
_OWN = re.compile(
    r"^\W*(?:i|we)\b|\bsorry,? (?:but )?(?:i|we) (?:can'?t|cannot|am unable to|don'?t) "
    r"(?!help|assist|comply|answer|do)",
    re.I,
)
"""It may be somebody's own inability, and not the model's."""
_WONDERS = re.compile(r"\b(?:what|how|where|whether|which|who|when)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?？。！])\s*(?=\S)")
_GREETS = _patterns(
    r"^(?:sure|certainly|of course|absolutely|gladly|no problem|okay|ok|alright|great|happy to help|got it)\b[^?]*$",
    r"^(?:here (?:is|are|you go|you are)|here's|below (?:is|are)|these are|the following (?:is|are))\b[^?]*$",
    r"^based on the\b[^?]*$",
    r"^(?:let me know|i hope|hope (?:this|these|that)|feel free|please (?:let|feel|note))\b",
    r"^if you (?:need|want|would like|'d like) (?:any|more|further|me|anything|additional|something|other)\b",
    r"^if you have (?:any|more|further) (?:other |further |more )?(?:questions?|requests?)\b",
    r"^(?:would you like|do you want) me to\b",
    r"^(?:would you like|do you want|shall i|should i|want)(?: me)? (?:to (?:write|generate|create|provide|add|make|"
    r"reword|rephrase|continue|adjust)|more|any more|some more|further|another)\b",
    r"\bwhat (?:would|do) you (?:like|want) (?:me )?to (?:know|do|ask|write)|^how (?:can|may) i (?:help|assist) you\b",
    r"^(?:could|can|would) you (?:please )?(?:provide|share|paste|clarify|tell me more)\b",
    r"^please (?:provide|share|paste|send)\b",
    r"^(?:is there anything else|(?:can|may) i (?:help|assist) (?:you )?(?:with )?any)",
    # German
    r"^(?:natürlich|gerne|klar|selbstverständlich|sicher)\b[^?]{0,80}$|^hier (?:ist|sind|kommen)\b[^?]*$",
    r"^(?:lass|lassen sie) mich wissen\b|^ich hoffe\b",
    # French, Spanish, Italian, Dutch, Portuguese
    r"^(?:bien sûr|certainement|volontiers|d'accord)\b[^?]{0,80}$|^voici\b[^?]*$|^n'hésitez pas\b|^j'espère\b",
    r"^(?:claro|por supuesto|con gusto)\b[^?]{0,80}$|^aquí (?:tienes?|están|va)\b[^?]*$|^espero que\b",
    r"^(?:certo|certamente|ecco|natuurlijk|uiteraard|com certeza|aqui estão)\b[^?]*$",
    # Russian, Chinese, Japanese, Korean
    r"^(?:конечно|разумеется|вот (?:несколько|ваши|вопросы|варианты|три|два))\b[^?]*$|^дайте знать\b|^надеюсь\b",
    r"^(?:当然|好的|以下是|以下は|もちろん|はい、|네,|물론)[^?？]*$|^(?:希望|如果您?需要)",
    r"^(?:thinking|let me think|let's see|hm+)\b[^?]*$|^\((?:note|these|each|all)\b.*\)$",
    r"^(?:n/?a|null|none|nothing|empty|undefined|no (?:questions?|answers?|output))\.?$",
    # Whatever its language, a line that ends with a colon announces what follows.
    r"^[^?？]*[:：]$",
)
_ANSWERS = re.compile(
    r"^(?:a|answer|antwort|réponse|respuesta|ответ|答|explanation|note|hinweis|rationale|reasoning|source|reason)"
    r"\s*\d{0,2}\s*[:：]",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\s*(?:#{1,6}\s.*|[-*_=]{3,}|[*_]{2}[^?？]*(?:[:：][*_]{2}|[*_]{2}[:：])|"
    r"[*_]{2}(?:search |natural |other |keyword )*(?:questions?|queries|keywords?|wordings?|paraphrases?|answers?|"
    r"output|results?)[*_]{2})\s*",
    re.IGNORECASE,
)


def refuses(text: str) -> bool:
    """Tell whether a line says that the model does not do what it is asked to.

    "I cannot provide proof of address. What else counts?" is somebody's situation, and so is "Sorry, I can't log in".
    """
    first, *others = (part for part in _SENTENCE.split(plain(text)) if part)
    if "?" in first or not any(pattern.search(first) for pattern in _REFUSED):
        return False
    asks = any("?" in part and not greets(part) for part in others)
    return not (_OWN.search(first) and (asks or _WONDERS.search(first)))


def greets(text: str) -> bool:
    """Tell whether a line only stands around what was asked for: it announces, closes, or offers more."""
    text = plain(text)
    return any(pattern.search(text) for pattern in _GREETS)


def answers(text: str) -> bool:
    """Tell whether a line is labelled as an answer or a note."""
    return _ANSWERS.match(plain(text)) is not None


def labels(line: str) -> bool:
    """Tell whether a line, as it was written, is a heading or a rule."""
    return _LABEL.fullmatch(line) is not None and "?" not in line
