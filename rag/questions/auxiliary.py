"""What is no question to the documents: greetings, thanks, and the prompts that chat front ends send on their own.

Prompts for titles, tags and further questions are told by how front ends word them (Open WebUI, LibreChat, NextChat and
their likes). A language model answers all of it as it stands; where there is none, `reply` gives something plain in the
format asked for.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.domain import Message
from rag.questions.conversation.follow_ups import content, is_courtesy, is_english
from rag.questions.conversation.rewriting import standalone

_LOOKED_AT = 60_000
"""Characters of a prompt that are looked at."""
_TITLE_WORDS = 5
_TAGS = 3


class Task(StrEnum):
    """What a front end wants."""

    TITLE = "title"
    TAGS = "tags"
    FOLLOW_UPS = "follow_ups"
    QUERIES = "queries"  # for a search engine
    COMPLETION = "completion"  # of what the user is typing
    IMAGE = "image"  # a prompt for an image generator
    EMOJI = "emoji"
    TOOLS = "tools"  # which tools to call
    SUMMARY = "summary"  # of the conversation, to go on with
    COURTESY = "courtesy"  # a person's greeting or thanks


@dataclass(frozen=True, kw_only=True, slots=True)
class Auxiliary:
    """A prompt that asks nothing of the documents."""

    task: Task
    turns: tuple[Message, ...]  # of the conversation it is about, as far as they can be read from it
    as_json: bool  # whether the answer is to be a JSON object
    said: str = ""  # a person's greeting or thanks, as they stand


_WANTED: tuple[tuple[Task, re.Pattern[str]], ...] = tuple(
    (task, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for task, pattern in (
        (Task.COMPLETION, r"\bautocompletion system\b"),
        (Task.FOLLOW_UPS, r"\bsuggest\b.{0,80}\bfollow-?\s?up (?:questions|prompts)\b|\"follow_ups\"\s*:"),
        (Task.TAGS, r"\bgenerate\b.{0,60}\btags\b.{0,80}\b(?:chat|conversation)\b|\"tags\"\s*:\s*\["),
        (
            Task.QUERIES,
            r"\bgenerating search queries\b|\bgenerate\b.{0,80}\bsearch quer(?:y|ies)\b|\"queries\"\s*:",
        ),
        (Task.IMAGE, r"\bprompt for an? image generation\b|\bprompt for am image\b"),
        (Task.TITLE, r"\btitle\b.{0,160}\b(?:chat|conversation)\b|\"title\"\s*:"),
        (Task.EMOJI, r"\bfitting emoji\b"),
    )
)

_ASKED_FOR = (
    r"(?:please\s+)?(?:can you\s+)?"
    r"(?:generate|create|provide|write|give|suggest|make|summari[sz]e|come up with)\b"
)
_NUMBER = r"(?:\d+|two|three|four|five|six|seven|ten)"
_SMALL = rf"(?:concise|short|brief|{_NUMBER}(?:\s*(?:-|–|to|or)\s*\w+)*[\s-]+(?:words?|characters?))"
_TALK = r"(?:chat|conversation|discussion|dialogue)"
_BARE_TITLE = re.compile(
    rf"(?:\A|\n)\W*{_ASKED_FOR}(?=.{{0,300}}\b{_SMALL})(?=.{{0,300}}\b{_TALK}\b).{{0,200}}\b(?:title|name)\b"
    rf"|(?:\A|\n)\W*(?:based on the {_TALK}).{{0,80}}\b(?:title|name)\b(?=.{{0,200}}\b{_SMALL})",
    re.IGNORECASE | re.DOTALL,
)
_TITLES_SYSTEM = re.compile(
    rf"\b(?:generate|create|write)s?\b.{{0,60}}\btitles?\b.{{0,80}}\b{_TALK}s?\b|\b{_TALK} (?:title|summari[sz]er)",
    re.IGNORECASE | re.DOTALL,
)
_BARE_SUMMARY = re.compile(
    rf"\A\W*summari[sz]e (?:the|this|our) {_TALK}\b.{{0,120}}\b(?:words|prompt|context)\b",
    re.IGNORECASE | re.DOTALL,
)
_EMOJI = re.compile(r"\A\W*your task is to reflect the speaker's likely facial expression", re.IGNORECASE)
_TOOLS_SYSTEM = re.compile(r"\A\W*available tools:", re.IGNORECASE)
_ANSWERS_A_QUESTION = re.compile(r"<(?:user_query|context)>|\bRespond to the user query\b", re.IGNORECASE)

_GREETING = re.compile(
    r"\b(?:hello|hey|hi|hallo|bonjour|hola|ciao|guten|good (?:morning|day|evening))\b", re.IGNORECASE
)
_TAKEN = re.compile(
    r"\A\W*(?:never mind|got it|no|that|ok(?:ay)?|all right|alright|sorry|understood|bye|goodbye)\b"
    r"(?!.*\b(?:thank|thx))",
    re.IGNORECASE | re.DOTALL,
)

_OPENED, _CLOSED = "<chat_history>", "</chat_history>"
_TURN = re.compile(
    r"^[ \t]*(?:\*\*)?(?P<who>user|human|assistant|ai|model)(?:\*\*)?[ \t]*:(?P<said>.*?)"
    r"(?=^[ \t]*(?:\*\*)?(?:user|human|assistant|ai|model)(?:\*\*)?[ \t]*:|\Z)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)


def auxiliary(
    prompt: str, history: Sequence[Message] = (), instructions: Sequence[str] = ()
) -> Auxiliary | None:
    """Tell what a front end wants with the `prompt`, a request's last user message; None where a person asks something.

    The `history` holds the turns before it, the `instructions` are the system messages.
    """
    head = prompt[:_LOOKED_AT]
    system = "\n".join(instructions)[:_LOOKED_AT]
    task = _task(head, history, system)
    if task is None:
        return None
    if task is Task.COURTESY:
        return Auxiliary(task=task, turns=tuple(history), as_json=False, said=head)
    as_json = bool(re.search(r"\bJSON\b|\{\s*\"\w+\"\s*:", head)) or task == Task.TOOLS
    return Auxiliary(task=task, turns=_turns(head) or tuple(history), as_json=as_json)


def reply(asked: Auxiliary) -> str:
    """Answer without a language model, in the format asked for."""
    questions = [turn.content for turn in asked.turns if turn.role == "user" and turn.content.strip()]
    match asked.task:
        case Task.TITLE:
            return _as(asked, "title", _title(questions))
        case Task.TAGS:
            return _json("tags", _tags(questions))
        case Task.FOLLOW_UPS:
            return _json("follow_ups", _further(questions))
        case Task.QUERIES:
            return _json("queries", _searched(asked.turns))
        case Task.TOOLS:
            return _json("tool_calls", [])
        case Task.COMPLETION:
            return _as(asked, "text", "")
        case Task.IMAGE:
            return _as(asked, "prompt", questions[-1] if questions else "")
        case Task.EMOJI:
            return "💬"
        case Task.SUMMARY:
            return "\n".join(f"- {question}" for question in questions)
        case Task.COURTESY:
            return _civil(asked.said)


def _task(prompt: str, history: Sequence[Message], system: str) -> Task | None:
    if _TOOLS_SYSTEM.match(system):
        return Task.TOOLS
    if is_courtesy(prompt):
        return Task.COURTESY
    if prompt.lstrip().startswith("### Task:"):
        return _of_template(prompt)
    if _EMOJI.match(prompt):
        return Task.EMOJI
    if _BARE_SUMMARY.match(prompt) and history:
        return Task.SUMMARY
    # Somebody may ask a company's documents for the title of a conversation: then no conversation is at hand.
    beginning = prompt[:1_200]
    if _BARE_TITLE.search(beginning) and (history or _turns(prompt)):
        return Task.TITLE
    if _TITLES_SYSTEM.search(system[:400]) and _turns(prompt):
        return Task.TITLE
    return None


def _of_template(prompt: str) -> Task | None:
    # The conversation quoted in a template must not decide what the template is for.
    frame = "".join(_around_history(prompt))
    if _ANSWERS_A_QUESTION.search(frame):
        return None
    return next((task for task, wanted in _WANTED if wanted.search(frame)), None)


def _turns(prompt: str) -> tuple[Message, ...]:
    """Read the conversation out of a prompt."""
    start = prompt.find(_OPENED)
    block = prompt[start + len(_OPENED) : len(prompt) - len(_around_history(prompt)[1])]
    people = {"user": "user", "human": "user"}
    return tuple(
        Message(role=people.get(turn["who"].casefold(), "assistant"), content=turn["said"].strip())
        for turn in _TURN.finditer(block if start >= 0 else prompt)
    )


def _around_history(prompt: str) -> tuple[str, str]:
    """Return what stands before and after the conversation in a template."""
    start, end = prompt.find(_OPENED), prompt.rfind(_CLOSED)
    return (prompt, "") if start < 0 else (prompt[:start], prompt[max(start, end) :] if end > start else "")


def _civil(said: str) -> str:
    if _GREETING.search(said):
        return "Hello. Ask a question about the documents."
    return "All right." if _TAKEN.search(said) else "You are welcome."


def _as(asked: Auxiliary, name: str, value: str) -> str:
    return _json(name, value) if asked.as_json else value


def _json(name: str, value: str | list[str]) -> str:
    return json.dumps({name: value}, ensure_ascii=False)


def _title(questions: Sequence[str]) -> str:
    first = " ".join(questions[0].split())[:300] if questions else ""
    words = content(first) if is_english(first) else tuple(first.rstrip("?？.!").split())
    title = " ".join(words[:_TITLE_WORDS])[:80]
    return title[:1].upper() + title[1:] if title else "New chat"


def _tags(questions: Sequence[str]) -> list[str]:
    counted = Counter(word.casefold() for question in questions for word in content(question[:2_000]))
    return [word.capitalize() for word, _ in counted.most_common(_TAGS)] or ["General"]


def _further(questions: Sequence[str]) -> list[str]:
    words = next((content(question[:300]) for question in reversed(questions)), ())
    if not words or not is_english(questions[-1]):
        return []
    return [f"What else do the documents say about {' '.join(words[:6])}?"]


def _searched(turns: Sequence[Message]) -> list[str]:
    last = max((at for at, turn in enumerate(turns) if turn.role == "user"), default=None)
    return [] if last is None else [standalone(turns[last].content[:2_000], turns[:last])]
