"""What a language model thinks aloud, in tags, before it answers."""

import re

_NAMES = r"think|thinking|thoughts?|reasoning|reflection|scratchpad|seed:think"
OPENING = re.compile(rf"<(?:{_NAMES})>|\[THINK\]|◁think▷", re.IGNORECASE)
"""Where a thought begins."""
CLOSING = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]|◁/think▷", re.IGNORECASE)
"""Where it ends. Some chat templates open the thought themselves, so that only its end is written."""
_CHANNEL = re.compile(r"<\|channel\|>\s*(?P<name>\w+)[^<]*<\|message\|>")
CONTROL = re.compile(r"<\|[\w|]{1,40}\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>(?:model)?")
"""A chat template's own marks."""


def without_thoughts(text: str) -> str:
    """Return the text without thoughts and a chat template's own marks; a thought that never ends takes the rest."""
    if channels := list(_CHANNEL.finditer(text)):
        # gpt-oss: the answer stands in the last channel, where that is the final one.
        text = text[channels[-1].end() :] if channels[-1]["name"] == "final" else ""
    kept, at = [], 0
    opened, closed = OPENING.search(text), CLOSING.search(text)
    if closed and not (opened and opened.start() < closed.start()):
        at = closed.end()
    while opened := OPENING.search(text, at):
        kept.append(text[at : opened.start()])
        closed = CLOSING.search(text, opened.end())
        at = closed.end() if closed else len(text)
    # One thought within another leaves the outer one's end behind.
    rest = CLOSING.split(text[at:])[-1]
    return CONTROL.sub("", "".join((*kept, rest))).strip()
