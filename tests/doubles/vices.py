"""The vices of real language models, done to what an honest one would have said.

Answers, mined questions and paraphrases alike: what a prompt asks for is told from its body, as a model would. The
same body, vice and text give the same reply.
"""

import hashlib
import json
import random
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from doubles.replies import Reply
from doubles.replies import Vice as Vice

OF_FORM = frozenset(
    (
        Vice.PREAMBLE,
        Vice.CLOSING,
        Vice.NUMBERED,
        Vice.BULLETED,
        Vice.THOUGHTS,
        Vice.UNOPENED_THOUGHTS,
        Vice.REASONING,
        Vice.FENCED,
        Vice.DOUBLED,
    )
)
"""What was asked for is in the reply, whole."""
OF_MARKS = frozenset(vice for vice in Vice if vice.name.startswith("MARKS_"))
"""Vices of answers alone."""
OF_QUESTIONS = frozenset((Vice.STATEMENTS, Vice.COPIED, Vice.NAMES_THE_TEXT))
"""Vices of questions about a passage alone."""

PREAMBLES = (
    "Sure! Here are {count} questions about the passage:",
    "Certainly! Based on the provided passages, here is what you asked for:",
    "Here you go:",
    "Of course. Here's the answer:",
    "Natürlich! Hier ist das Ergebnis:",
)
CLOSINGS = (
    "Let me know if you need anything else!",
    "I hope this helps! Feel free to ask for more.",
    "Would you like me to write some more?",
)
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request.",
    "As an AI language model, I am unable to provide medical advice.",
    "I apologize, but I'm not able to create content about this topic.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
)
THOUGHT = (
    "Okay, the user wants {count} of these. Let me look at what is given. Is it 1 or 2? "
    "1. What is this about? 2. Who is it for? I should be careful and say no more than it does [9]."
)
OTHERS = (
    ("Wie kann man {} beantragen?", "Was muss ich bei {} beachten?", "Wer ist für {} zuständig und warum?"),
    ("Comment puis-je obtenir {} ?", "Que faut-il savoir sur {} ?", "Où est-ce que l'on trouve {} ?"),
    ("¿Cómo puedo obtener {}?", "¿Qué hay que saber sobre {}?", "¿Dónde se encuentra {} y para qué?"),
    ("Как можно получить {}?", "Что нужно знать про {}?", "Где находится {} и для чего это?"),
    ("如何申请{}?", "关于{}需要注意什么?", "哪里可以找到{}?"),
    ("{}はどのように申請しますか?", "{}について何を知っておくべきですか?", "{}はどこにありますか?"),
    ("Jak mogę otrzymać {}?", "Co trzeba wiedzieć, żeby złożyć {}?", "Gdzie znajdę {}?"),
)
IN_ENGLISH = ("How can I apply for {}?", "What should I know about {}?", "Where is {} to be found?")


@dataclass(frozen=True, kw_only=True)
class Vices:
    """Which share of the replies has a vice, chosen by what is asked and not by when."""

    share: float  # 0 to 1
    among: Collection[Vice] = tuple(Vice)
    seed: int = 17

    def of(self, body: Mapping[str, Any]) -> Vice | None:
        """Return the vice of the reply to a request, None for an honest one. It fits what is asked for."""
        chance = _chance(body, f"mixed {self.seed}")
        if chance.random() >= self.share:
            return None
        unfit = OF_MARKS if wants_questions(body) else OF_QUESTIONS
        if wants_questions(body) and "passage" not in _data(body):
            unfit |= OF_QUESTIONS - {Vice.STATEMENTS}
        fit = [vice for vice in Vice if vice in self.among and vice not in unfit]
        return chance.choice(fit) if fit else None


def wants_questions(body: Mapping[str, Any]) -> bool:
    """Tell whether a request is for questions or paraphrases, in JSON; else it is for an answer."""
    data = _data(body)
    return "count" in data and ("passage" in data or "question" in data)


def spoiled(reply: Reply, body: Mapping[str, Any]) -> Reply:
    """Return the reply with its vice done to it."""
    if reply.vice is None:
        return reply
    chance = _chance(body, reply.vice)
    in_form = chance.random() < 0.5 if reply.in_form is None else reply.in_form
    text = reply.text or ""
    questions = _questions(text)
    if questions is not None:
        return _spoiled_questions(reply, questions, body, chance, in_form)
    return _spoiled_answer(reply, text, body, chance)


def _spoiled_questions(
    reply: Reply, questions: list[str], body: Mapping[str, Any], chance: random.Random, in_form: bool
) -> Reply:
    """Do it to a list of questions: within the JSON that was asked for, or as bare lines."""
    vice, count = reply.vice, len(questions)

    def said(lines: Sequence[str]) -> Reply:
        return replace(reply, text=_json(lines) if in_form else "\n".join(lines))

    match vice:
        case Vice.PREAMBLE:
            lead = chance.choice(PREAMBLES).format(count=count)
            if in_form:
                return said([lead, *questions])
            return replace(reply, text="\n\n".join((lead, chance.choice((_json, "\n".join))(questions))))
        case Vice.CLOSING:
            return said([*questions, *([] if in_form else [""]), chance.choice(CLOSINGS)])
        case Vice.NUMBERED:
            form = chance.choice(("{0}. {1}", "{0}) {1}", "({0}) {1}", "Q{0}: {1}", "**{0}. {1}**"))
            lines = [form.format(n, each) for n, each in enumerate(questions, 1)]
            return replace(reply, text=_json(["\n".join(lines)])) if chance.random() < 0.2 else said(lines)
        case Vice.BULLETED:
            return said([f"{chance.choice('-*•')} {each}" for each in questions])
        case Vice.OTHER_LANGUAGE:
            return said(_elsewhere(questions, chance))
        case Vice.STATEMENTS:
            return said([_stated(each) for each in questions])
        case Vice.COPIED:
            found = [each for each in _sentences(_data(body).get("passage", "")) if "?" not in each]
            return said(found[:count] or ["Nothing else is said about this anywhere here."])
        case Vice.NAMES_THE_TEXT:
            forms = (
                "What does the passage say about {}?",
                "According to the text, what about {}?",
                "What is mentioned in this article on {}?",
            )
            return said([chance.choice(forms).format(_topic(each)) for each in questions])
        case Vice.REFUSAL:
            refusal = chance.choice(REFUSALS)
            if not in_form and chance.random() < 0.3:
                return replace(reply, text=None, refusal=refusal)
            return said([refusal])
        case Vice.EMPTY:
            return replace(
                reply,
                text=chance.choice((_json([]), _json([""]))) if in_form else chance.choice(("", " \n", None)),
            )
        case Vice.DOUBLED:
            if in_form:
                return said([*questions, *questions])
            return replace(reply, text=chance.choice(("", "\n")).join([_json(questions)] * 2))
        case Vice.CUT:
            whole = _json(questions) if in_form else "\n".join(questions)
            return replace(reply, text=whole[: int(len(whole) * chance.uniform(0.2, 0.8))], finish="length")
        case _:
            return _spoiled(reply, reply.text or "", body, chance)


def _spoiled_answer(reply: Reply, text: str, body: Mapping[str, Any], chance: random.Random) -> Reply:
    """Do it to a text."""

    def said(text: str) -> Reply:
        return replace(reply, text=text)

    match reply.vice:
        case Vice.PREAMBLE:
            return said(f"{chance.choice(PREAMBLES[1:])}\n\n{text}")
        case Vice.CLOSING:
            return said(f"{text}\n\n{chance.choice(CLOSINGS)}")
        case Vice.NUMBERED:
            return said("\n".join(f"{n}. {each}" for n, each in enumerate(_sentences(text), 1)))
        case Vice.BULLETED:
            return said("\n".join(f"- {each}" for each in _sentences(text)))
        case Vice.OTHER_LANGUAGE:
            marks = "".join(re.findall(r"\[\d+\]", text))
            return said(f"{_elsewhere([text], chance)[0].rstrip('?').strip(' ¿')}. {marks}".strip())
        case Vice.REFUSAL:
            refusal = chance.choice(REFUSALS)
            return replace(reply, text=None, refusal=refusal) if reply.in_form else said(refusal)
        case Vice.EMPTY:
            return replace(reply, text=chance.choice(("", " \n", None)))
        case Vice.DOUBLED:
            return said(f"{text}\n\n{text}")
        case Vice.CUT:
            return replace(reply, text=text[: int(len(text) * chance.uniform(0.2, 0.8))], finish="length")
        case _ if reply.vice in OF_MARKS:
            return said(_cited_otherwise(text, reply.vice, chance))
        case _:
            return _spoiled(reply, text, body, chance)


def _spoiled(reply: Reply, text: str, body: Mapping[str, Any], chance: random.Random) -> Reply:
    """Do what is done to questions and answers alike."""
    thought = THOUGHT.format(count=_data(body).get("count", "one"))
    match reply.vice:
        case Vice.THOUGHTS:
            tag = chance.choice(("think", "think", "thinking", "reasoning"))
            return replace(reply, text=f"<{tag}>\n{thought}\n</{tag}>\n\n{text}")
        case Vice.UNOPENED_THOUGHTS:
            return replace(reply, text=f"{thought}\n</think>\n\n{text}")
        case Vice.UNCLOSED_THOUGHTS:
            return replace(reply, text=f"<think>\n{thought}", finish="length")
        case Vice.REASONING:
            return replace(reply, reasoning=thought)
        case Vice.ONLY_REASONING:
            return replace(reply, text=None, reasoning=thought, finish="length")
        case Vice.FENCED:
            asked = text if _questions(text) is not None else json.dumps({"answer": text}, ensure_ascii=False)
            lead = chance.choice(("", "Here is the JSON you asked for:\n\n"))
            return replace(reply, text=f"{lead}```{chance.choice(('json', ''))}\n{asked}\n```")
        case Vice.PROMPT:
            task, given = (str(message["content"]) for message in (body["messages"][0], body["messages"][-1]))
            repeated = chance.choice((given, task, f"{task}\n\n{given}"))
            return replace(reply, text=repeated if chance.random() < 0.6 else f"{given}\n\n{text}")
        case _:
            raise ValueError(f"{reply.vice} is no vice of {text!r}")


def _cited_otherwise(text: str, vice: Vice, chance: random.Random) -> str:
    """Return an answer whose marks [1] have another form."""
    forms = {
        Vice.MARKS_ROUND: ("({})", "({})"),
        Vice.MARKS_FOOTNOTES: ("[^{}]", "[^{}]"),
        Vice.MARKS_LENTICULAR: ("【{}】", "【{}†source】"),
        Vice.MARKS_WORDED: ("[Passage {}]", "(passage {})", "[Source {}]"),
        Vice.MARKS_UNKNOWN: ("[{}9]", "[{}42]"),
        Vice.MARKS_MISSING: ("",),
    }
    if vice is Vice.MARKS_LISTED:
        form = chance.choice(("[1, 2]", "[1,2]", "[1; 2]", "[1 and 2]"))
        return re.sub(r"\s*(?:\[\d+\])+", f" {form}", text)
    if vice is Vice.MARKS_RANGE:
        form = chance.choice(("[1-3]", "[1–3]", "[1]-[3]"))  # a dash, as models write it
        return re.sub(r"\s*(?:\[\d+\])+", f" {form}", text)
    form = chance.choice(forms[vice])
    return re.sub(r"\[(\d+)\]", lambda mark: form.format(mark[1]), text).strip()


def _elsewhere(texts: Sequence[str], chance: random.Random) -> list[str]:
    """Return texts of another language than these, on what they are about."""
    forms = chance.choice(OTHERS)
    if not re.search(
        r"\b(?:the|is|are|do|does|what|how|for|of|to|can|who|my)\b", " ".join(texts), re.IGNORECASE
    ):
        forms = IN_ENGLISH
    return [forms[n % len(forms)].format(_topic(each)) for n, each in enumerate(texts)]


def _topic(text: str) -> str:
    return max(re.findall(r"\w+", text), key=len, default="this")


def _stated(question: str) -> str:
    return f"The rules on {question.rstrip('?. ')[:1].lower()}{question.rstrip('?. ')[1:]} are set by the office."


def _sentences(text: str) -> list[str]:
    return [each.strip() for each in re.split(r"(?<=[.!?\]])\s+(?=[A-Z])", text) if each.strip()]


def _questions(text: str) -> list[str] | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    found = parsed.get("questions") if isinstance(parsed, dict) else None
    return [str(each) for each in found] if isinstance(found, list) else None


def _json(questions: Sequence[str]) -> str:
    return json.dumps({"questions": list(questions)}, ensure_ascii=False)


def _data(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the user's message holds where it is a JSON object."""
    try:
        data = json.loads(body["messages"][-1]["content"])
    except (ValueError, KeyError, IndexError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}


def _chance(body: Mapping[str, Any], what: str) -> random.Random:
    asked = json.dumps([what, body.get("messages")], sort_keys=True, ensure_ascii=False)
    return random.Random(hashlib.sha256(asked.encode()).digest())
