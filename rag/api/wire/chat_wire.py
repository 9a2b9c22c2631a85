"""OpenAI's chat completions as they go out."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rag.api.wire.looked_at import SNIPPET, Link, LookedAt, as_markdown
from rag.domain import Hit, InteractionStatus
from rag.questions.events import Finished, Started


class ChatWire:
    """Writes one answer in OpenAI's form.

    Sources are given in every form clients show: ``[n]`` in the text, ``annotations`` (OpenAI, Open WebUI),
    ``citations`` and ``search_results`` (Perplexity), ``context.citations`` (Azure), where the n-th belongs to
    ``[n]``, and a markdown list where it is asked for. Where the documents do not say, `LookedAt` tells what was read.
    """

    def __init__(
        self,
        model: str,
        link: Link,
        *,
        include_usage: bool = False,
        sources_block: bool = False,
        looked_at: LookedAt | None = None,  # None: told in words, of a question without a filter
    ) -> None:
        """Take the model's name to echo, and what makes the links."""
        self._model = model
        self._link = link
        self._include_usage = include_usage
        self._sources_block = sources_block
        self._looked_at = looked_at or LookedAt(link, markdown=sources_block)
        self._created = int(time.time())

    def whole(self, finished: Finished) -> dict[str, Any]:
        """Return the answer as one object."""
        answer = finished.interaction.answer
        # Whoever wants JSON parses the content; that there is none is said where OpenAI's clients look for it.
        refused = finished.written.as_json and finished.interaction.status == InteractionStatus.ABSTAINED
        message = {
            "role": "assistant",
            "content": None if refused else answer + self._beside(finished),
            "refusal": answer if refused else None,
            "annotations": self._annotations(finished),
            "context": self._context(finished),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(finished)}
        interaction = finished.interaction
        head = self._head("chat.completion", interaction.id, interaction.release)
        return {**head, "choices": [choice], "usage": _usage(finished), **self._extras(finished)}

    def opening(self, started: Started) -> dict[str, Any]:
        """Return the first chunk of a stream."""
        return self._chunk(started, {"role": "assistant", "content": ""})

    def delta(self, started: Started, text: str, *, refused: bool = False) -> dict[str, Any]:
        """Return a chunk of text, or of what is said in its place."""
        return self._chunk(started, {"refusal" if refused else "content": text})

    def closing(self, started: Started, finished: Finished) -> list[dict[str, Any]]:
        """Return the chunks that end a stream: reason and sources, then the usage where it was asked for."""
        chunks = []
        if beside := self._beside(finished):
            chunks.append(self.delta(started, beside))
        sources = {"annotations": self._annotations(finished), "context": self._context(finished)}
        chunks.append(self._chunk(started, sources, _reason(finished)) | self._extras(finished))
        if self._include_usage:
            head = self._head("chat.completion.chunk", started.interaction_id, started.release)
            chunks.append({**head, "choices": [], "usage": _usage(finished)})
        return chunks

    def _head(self, kind: str, interaction_id: str, release: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{interaction_id}",
            "object": kind,
            "created": self._created,
            "model": self._model,
            "system_fingerprint": f"whetstone-{release[:16]}",
        }

    def _chunk(self, started: Started, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = self._head("chat.completion.chunk", started.interaction_id, started.release)
        # Clients that asked for the usage expect the field in every chunk.
        usage = {"usage": None} if self._include_usage else {}
        return {**head, "choices": [choice], **usage}

    def _annotations(self, finished: Finished) -> list[dict[str, Any]]:
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "url": self._link(each.passage.id, each.span),
                    "title": each.passage.name,
                    "start_index": each.start,
                    "end_index": each.end,
                },
            }
            for each in finished.mentions
        ] or self._looked_at.annotations(finished)

    def _context(self, finished: Finished) -> dict[str, Any]:
        # Azure's clients read the n-th for [docn] and for [n] alike, so all that were shown stand here.
        return {
            "citations": [
                {
                    "content": hit.passage.text[:SNIPPET],
                    "title": hit.passage.name,
                    "url": url,
                    "filepath": hit.passage.uri,
                    "chunk_id": str(hit.passage.position),
                }
                for hit, url in self._shown(finished)
            ]
        }

    def _extras(self, finished: Finished) -> dict[str, Any]:
        shown = self._shown(finished)
        return {
            "citations": [url for _, url in shown],
            "search_results": [
                {
                    "title": hit.passage.name,
                    "url": url,
                    "snippet": hit.passage.text[:SNIPPET],
                    "locator": hit.passage.locator,
                }
                for hit, url in shown
            ]
            or self._looked_at.search_results(finished),
            "whetstone": self._own(finished),
        }

    def _own(self, finished: Finished) -> dict[str, Any]:
        interaction = finished.interaction
        urls = self._urls(finished)
        return {
            "interaction_id": interaction.id,
            "release": interaction.release,
            "epoch": interaction.epoch,
            "encoder": finished.encoder,
            "status": str(interaction.status),
            "rewritten": interaction.rewritten,
            "auxiliary": interaction.auxiliary,
            "degraded": interaction.degraded,
            "asked_again": finished.written.asked_again,
            "statements": interaction.statements,
            "unsupported": [
                {"start": each.start, "end": each.end, "text": each.text, "reason": each.reason}
                for each in finished.written.unsupported
            ],
            "support": support_of(finished),
            "language_unknown": interaction.language_unknown,
            "looked_at": self._looked_at.own(finished),
            "citations": [
                {
                    "number": each.number,
                    "passage_id": each.passage.id,
                    "url": urls[each.number],
                    "locator": each.passage.locator,
                    "quote": each.quote,
                }
                for each in finished.citations
            ],
            "hits": [
                {
                    "passage_id": hit.passage_id,
                    "document_id": hit.document_id,
                    "rank": hit.rank,
                    "score": hit.score,
                }
                for hit in interaction.hits
            ],
        }

    def _shown(self, finished: Finished) -> list[tuple[Hit, str]]:
        """Return the sources with their links, the n-th for ``[n]``."""
        # An answer that rests on nothing must not look as if it had sources.
        answered = finished.interaction.status == InteractionStatus.ANSWERED
        hits: Sequence[Hit] = finished.hits if answered else ()
        urls = self._urls(finished)
        return [(hit, urls.get(hit.rank) or self._link(hit.passage.id)) for hit in hits]

    def _urls(self, finished: Finished) -> Mapping[int, str]:
        """Return the link of each cited number; the first mention whose sentence is known decides on the mark."""
        chosen: dict[int, str] = {}
        for each in sorted(finished.mentions, key=lambda mention: mention.span is None):
            chosen.setdefault(each.number, self._link(each.passage.id, each.span))
        return chosen

    def _beside(self, finished: Finished) -> str:
        """Return what follows the answer's text: a list of its sources, or what was looked at where it has none."""
        return self._block(finished) or self._looked_at.text(finished)

    def _block(self, finished: Finished) -> str:
        if not self._sources_block or not finished.citations or finished.written.as_json:
            return ""
        urls = self._urls(finished)
        lines = [
            f"{each.number}. [{as_markdown(each.passage.name)}]({urls[each.number]})"
            for each in sorted(finished.citations, key=lambda citation: citation.number)
        ]
        return "\n\n**Sources**\n\n" + "\n".join(lines)


def support_of(finished: Finished) -> dict[str, Any] | None:
    """Return how likely it is that the passages found answer; None where nothing was to be judged."""
    support = finished.support
    if support is None:
        return None
    return {
        "probability": round(support.probability, 4),
        "threshold": finished.threshold,
        "weak": support.is_weak,
        "reason": support.reason,
    }


def sse(value: dict[str, Any]) -> bytes:
    """Return one server-sent event."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _reason(finished: Finished) -> str:
    return "length" if finished.cut else "stop"


def _usage(finished: Finished) -> dict[str, int]:
    """Return the language model's own counts, or the encoder's where it gave none."""
    prompt, completion = finished.interaction.prompt_tokens, finished.interaction.completion_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
