"""What was looked at where the documents do not say, in the forms that clients show.

It must not look like the sources of an answer. It is named in words ("Looked at: ..."), with an annotation at each
title, in ``search_results`` and ``whetstone.looked_at``; ``citations``, what an answer rests on, stay empty.
"""

import re
from typing import Any, Protocol

from rag.domain import InteractionStatus, Passage
from rag.questions.events import Finished
from rag.questions.writing.abstaining import in_words, looked_at
from rag.questions.writing.refusing import abstains

SNIPPET = 300
"""Characters of a passage in ``search_results``."""
_MARKDOWN = re.compile(r"([\\\[\]*_`<>])")


class Link(Protocol):
    """Makes the link to a passage."""

    def __call__(self, passage_id: str, span: tuple[int, int] | None = None) -> str:
        """Return its URL; `span` are the characters of its text that the page is to mark."""


class LookedAt:
    """Tells what was looked at, where a question ended with the documents not saying; else nothing."""

    def __init__(
        self, link: Link, *, filtered: bool = False, in_text: bool = True, markdown: bool = False
    ) -> None:
        """Take what makes links, and whether the question was confined by a filter.

        `in_text` says whether the text may name it, `markdown` whether as a list of links.
        """
        self._link = link
        self._filtered = filtered
        self._in_text = in_text
        self._markdown = markdown

    def text(self, finished: Finished) -> str:
        """Return what follows the answer's text."""
        if not self._is_told(finished):
            return ""
        passages = looked_at(finished.hits)
        if self._markdown and passages:
            links = [f"- [{as_markdown(each.title or each.uri)}]({self._link(each.id)})" for each in passages]
            return "\n\n**Looked at**\n\n" + "\n".join(links)
        return in_words(finished.hits, filtered=self._filtered)[0]

    def annotations(self, finished: Finished) -> list[dict[str, Any]]:
        """Return a ``url_citation`` for each document: at its title in the text, or else at the whole answer."""
        answer = finished.interaction.answer
        if self._is_told(finished) and not self._markdown:
            named = in_words(finished.hits, filtered=self._filtered)[1]
            return [
                _annotation(
                    self._link(each.passage.id),
                    each.passage,
                    len(answer) + each.start,
                    len(answer) + each.end,
                )
                for each in named
            ]
        return [_annotation(self._link(each.id), each, 0, len(answer)) for each in self._passages(finished)]

    def search_results(self, finished: Finished) -> list[dict[str, Any]]:
        """Return Perplexity's form of it."""
        return [
            {
                "title": each.name,
                "url": self._link(each.id),
                "snippet": each.text[:SNIPPET],
                "locator": each.locator,
            }
            for each in self._passages(finished)
        ]

    def own(self, finished: Finished) -> list[dict[str, Any]]:
        """Return ``whetstone.looked_at``."""
        return [
            {
                "passage_id": each.id,
                "document_id": each.document_id,
                "title": each.title or each.uri,
                "url": self._link(each.id),
                "locator": each.locator,
            }
            for each in self._passages(finished)
        ]

    def _passages(self, finished: Finished) -> tuple[Passage, ...]:
        return looked_at(finished.hits) if _abstained(finished) else ()

    def _is_told(self, finished: Finished) -> bool:
        # An answer in another form than the sentence is for a program, or was cut by a stop string.
        answer = finished.interaction.answer
        return self._in_text and _abstained(finished) and bool(answer.strip()) and abstains(answer)


def as_markdown(text: str) -> str:
    """Write text so that no character of it becomes markup, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _abstained(finished: Finished) -> bool:
    return finished.interaction.status == InteractionStatus.ABSTAINED


def _annotation(url: str, passage: Passage, start: int, end: int) -> dict[str, Any]:
    return {
        "type": "url_citation",
        "url_citation": {
            "url": url,
            "title": passage.title or passage.uri,
            "start_index": start,
            "end_index": end,
        },
    }
