"""Does an answer say anything but that it cannot be given? In the languages that models are mostly asked in."""

import re

from rag.text.forms import plain
from rag.text.sentences import spans

_MOST = 4
"""Sentences of an answer that says nothing; a longer one says something."""
_LONGEST = 1_200
"""Its characters, and those of such a sentence."""
_MARKS = re.compile(r"\[\d{1,3}(?:\s*,\s*\d{1,3})*\]")
_BEGUN = re.compile(r"\[[\d\s,]*\Z")
_SOURCES = (
    r"(?:passages?|excerpts?|extracts?|context|documents?|documentation|sources?|texts?|materials?"
    r"|information|content)"
)
_GIVEN = (
    r"(?:(?:the|these|those|any|any of the|of the|your|all) )*(?:(?:provided|given|available|numbered|above"
    r"|supplied|retrieved|following) )*"
)
_SILENT = (
    r"(?:contain|say|mention|provide|include|specify|state|address|give|offer|hold|cover|discuss|answer"
    r"|have|indicate"
    r"|tell|list|describe|explain|refer|detail|reveal|present|appear to|seem to)"
)
_NOT = r"(?:do|does|did) ?(?:not|n't)(?: \w+ly| directly| actually)?"
_SAYS_NOT = re.compile(
    rf"\b{_GIVEN}{_SOURCES}(?: (?:provided|given|above|available|you provided|i have|here))*,? {_NOT} {_SILENT}"
    rf"|\b(?:none|nothing|neither) (?:of|in) {_GIVEN}{_SOURCES}"
    rf"|\b(?:there is|there's|there are|i (?:see|find|found|have)|we have) (?:no|nothing|not (?:any|enough)"
    rf"|insufficient)\b.*\b{_SOURCES}"
    rf"|\bno (?:relevant |specific |further )?(?:information|mention|details?|answer)\b.*\b(?:passages?"
    rf"|excerpts?|context|documents?|provided|given|available|found)"
    rf"|\b(?:is|are|was|were)(?: not|n't)(?: \w+ly)? (?:mentioned|stated|specified|provided|given|covered"
    rf"|addressed|contained|included|found|answered|discussed|described|available|in)\b.*\b{_SOURCES}"
    r"|\b(?:i|we) (?:could not|couldn't|cannot|can't|can not|am unable to|was unable to|am not able to"
    r"|were unable to) (?:\w+ )?(?:find|answer|determine|tell|locate|say|provide)"
    r"|\b(?:i|we) (?:do not|don't) (?:know|have (?:enough|any|that|this|the|sufficient|access))"
    r"|\b(?:dokumente?n?|passagen?|texte?n?|textstellen|abschnitte?n?|quellen?|informationen|unterlagen"
    r"|kontext)\b.*"
    r"\b(?:sag|enthalt|enthält|erwähn|nenn|geb|gib|geh|beantwort|steh|beschreib|mach|liefer|verrat|find)\w*\b.*"
    r"\b(?:nicht|nichts|kein(?:e[nrms]?)?)\b"
    r"|\b(?:dazu|darüber|hierzu|es) (?:gibt es|liegen|finden sich|finde ich|steht"
    r"|wird)\b.*\b(?:kein(?:e[nrms]?)?|nichts?)\b"
    r"|\b(?:documents?|passages?|extraits?|textes?|sources?|contexte|informations?)\b.*\b(?:ne |n')"
    r"(?:le |la |l'|en |les )?(?:di|contien|mentionn|précis|indiqu|fourni|répond|parl|donn|permet"
    r"|évoqu)\w+ (?:\w+ )?(?:pas|rien|aucune?)\b"
    r"|\b(?:documentos?|pasajes?|fragmentos?|textos?|fuentes?|contexto|información)\b.*\bno (?:lo "
    r"|la )?(?:dice|dicen|contiene|mencion|incluye|proporcion|especific|indic|ofrece|responde|hay)\w*"
    r"|\b(?:documenti|passaggi|brani|testi|fonti|contesto)\b.*\bnon (?:lo )?(?:dic|contien|contengon"
    r"|menzion|indic|specific|fornisc|riport)\w*"
    r"|\b(?:documentos?|passagens|trechos|textos?|fontes?)\b.*\bnão (?:diz|contêm|contém|mencion|inclu"
    r"|fornec|especific|indic)\w*"
    r"|\b(?:документ|отрывк|текст|источник|пассаж|фрагмент)\w*.*\b(?:не (?:содерж|говор|упомин|указ|сказан"
    r"|отвеч)|нет)\w*"
    r"|\b(?:нет|не наш[её]л|не нашлось) (?:информац|ответ|сведен|данн)\w*"
    r"|(?:文档|文件|段落|资料|文本|材料|上下文|来源).*(?:没有|未|不)(?:说|提|包含|给出|涉及|说明|回答|找到|明确)"
    r"|(?:文書|文章|資料|ドキュメント|パッセージ|テキスト).*(?:ません|ない|ありません)",
    re.IGNORECASE | re.DOTALL,
)
_REFUSES = re.compile(
    r"\b(?:i|we)(?:'m| am| are|'re)? ?(?:cannot|can't|can not|not able to|unable to|won't|will not"
    r"|not allowed to)"
    r" (?:\w+ )?(?:help|assist|answer|comply|provide|create|fulfil+|respond|do|give|discuss|support|offer"
    r"|engage|share|generate)"
    r"|\bas an? (?:ai|artificial|large)\b"
    r"|^(?:(?:(?:i'm|i am|we're|we are) (?:\w+ )?)?sorry|i apologi[sz]e|my apologies|apologies)\b(?! (?:to"
    r"|for|about|that you|you)\b)"
    r"|^unfortunately,? (?:i|we)\b|^(?:es )?tut mir leid|^(?:leider )?(?:kann|könnte|darf"
    r"|weiß) ich\b.*\bnicht|^leider (?:kann|weiß)"
    r"|^(?:je suis désolée?|désolée?|je regrette)|^je ne (?:peux|sais|suis) (?:pas|malheureusement)"
    r"|^(?:lo siento|lamento|lamentablemente)|^no (?:puedo|lo sé|sé)\b|^(?:mi dispiace|non (?:posso|so))\b"
    r"|^(?:desculpe|sinto muito|não (?:posso|sei))\b|^(?:извините|простите|к сожалению|я не (?:могу|знаю))"
    r"|^(?:抱歉|对不起|很抱歉|我无法|我不能)|^(?:申し訳|すみません)",
    re.IGNORECASE | re.DOTALL,
)
_COURTESY = re.compile(
    r"^(?:(?:please )?(?:let me know|feel free|don't hesitate|do not hesitate)|(?:i )?hope (?:this|that"
    r"|it) (?:helps?|answers?|is|was)"
    r"|would you like (?:me|to|some|more)|if you (?:have|need|want|would like) (?:any|more|further|other"
    r"|additional|me|anything|help)"
    r"|is there anything|do you (?:want|need|have) (?:me|any|more|further|other)|can i help|(?:happy|glad) to"
    r"|ich hoffe|melden sie sich|lass(?:en sie)? (?:mich|es mich)|wenn sie (?:weitere|noch)|n'hésitez"
    r"|j'espère|si vous avez d"
    r"|espero que|si (?:necesitas|tienes|tiene) (?:más|alguna|otra)|no dudes|если у вас|надеюсь|希望|如果您|如有)",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"^(?:please |you (?:may|might|could|should) (?:want to |wish to |try to |need to )?)?"
    r"(?:check|consult|contact|try|provide|rephrase|refer|ask|share|reach out|look|visit)\b",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:but|however|although|though|nevertheless|only|aber|jedoch|allerdings|obwohl|mais|cependant"
    r"|toutefois|pero|sin embargo"
    r"|ma|però|mas|porém|но|однако)\b(?! (?:i|we)\b)(?P<rest>.*)|(?:但是?|不过|然而)(?P<east>.*)",
    re.IGNORECASE | re.DOTALL,
)
_NEGATES = re.compile(r"\b(?:not|cannot|unable|nicht|kein\w*|pas|no|non|não|не)\b|n't\b", re.IGNORECASE)
_FORMAL = re.compile(
    r"\b(?:do|does|did) ?(?:not|n't)(?: \w+ly)? (?:contain|include|have|hold|provide|give|offer|list"
    r"|present|cover)",
    re.IGNORECASE,
)
_TEXTS = re.compile(r"\b(?:passages?|excerpts?|context|provided|given)\b", re.IGNORECASE)


def abstains(answer: str) -> bool:
    """Tell whether the answer is empty, refuses, or only says that the documents do not say."""
    text = answer.strip().strip("\"'“”").strip()
    if is_silent(text):
        return True
    pieces = [text[start:end] for start, end in spans(text[:2_000])]
    if len(pieces) > _MOST or len(text) > _LONGEST:
        return False
    return any(map(says_nothing, pieces)) and all(
        says_nothing(piece)
        or (not _MARKS.search(piece) and (is_courtesy(piece) or _ADVICE.match(_bare(piece))))
        for piece in pieces
    )


def is_silent(answer: str) -> bool:
    """Tell whether an answer, or its beginning, has no word and no number beside marks of citations."""
    return not any(map(str.isalnum, _BEGUN.sub("", _MARKS.sub("", answer))))


def says_nothing(sentence: str) -> bool:
    """Tell whether a sentence only says that the answer is not in the documents, or refuses to give one."""
    if len(sentence) > _LONGEST:
        return False
    bare = _bare(sentence)
    silent, refuses = _SAYS_NOT.search(bare), _REFUSES.search(bare)
    if not silent and not refuses:
        return False
    if (
        silent
        and not refuses
        and _MARKS.search(sentence)
        and _FORMAL.search(bare)
        and not _TEXTS.search(bare)
    ):
        return False  # "The documents do not contain personal data [1]" may be what somebody asked
    but = _BUT.search(bare, silent.end() if silent else 0)
    rest = (but["rest"] or but["east"] or "") if but else ""
    if but and silent and _MARKS.search(sentence):
        return False
    if refuses and _NEGATES.search(rest) and not _MARKS.search(sentence):
        return True
    return len(re.findall(r"\w+", rest)) < 3 or bool(
        _SAYS_NOT.search(rest) or _REFUSES.search(rest.strip(" ,"))
    )


def is_courtesy(sentence: str) -> bool:
    """Tell whether a sentence is said out of politeness, and states nothing."""
    return _COURTESY.match(_bare(sentence)) is not None


def _bare(sentence: str) -> str:
    return plain(_MARKS.sub("", sentence)).strip(" \t\n*_>-\"'")
