"""The answer is written, piece by piece, into the draft: by the generator, or in fixed words where it says nothing."""

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from anyio import to_thread

from rag.domain import Ending
from rag.errors import UpstreamFailed
from rag.ports import Generator
from rag.questions.auxiliary import Auxiliary, reply
from rag.questions.checking.checking import Checked, check
from rag.questions.checking.weighing import Judge
from rag.questions.drafting import Draft, since
from rag.questions.writing.citing import mentions, mentions_of_values
from rag.questions.writing.extracting import ExtractiveGenerator
from rag.questions.writing.prompting import ABSTENTION
from rag.questions.writing.refusing import abstains, is_silent
from rag.questions.writing.stops import Stops

logger = logging.getLogger(__name__)
_LONGEST_WAIT = 200  # characters


async def pieces(
    draft: Draft,
    generator: Generator,
    aside: Auxiliary | None,
    stop: tuple[str, ...],
    judge: Judge | None = None,
) -> AsyncGenerator[str, None]:
    """Yield the answer, up to the first of the `stop` strings, as it goes into the draft.

    The generator gets the draft's prompt; it is not asked where there is none. `aside` is what a front end's own
    prompt asks for; None for a question. A `judge` has the last word on what a language model wrote.

    Raises:
        UpstreamFailed: the language model failed.
    """
    stops, said = Stops(stop), draft.reply
    # Marks alone are no answer: they wait for its first word.
    waiting = "" if aside is None and not draft.asked.as_json else None
    if draft.prompt is not None:
        began = time.perf_counter()
        try:
            # Closed when the client leaves.
            async with aclosing(generator.stream(draft.prompt, encoder=draft.pinned.encoder)) as generated:
                async for piece in generated:
                    if isinstance(piece, Ending):
                        said.ending = piece
                    elif text := stops.feed(piece):
                        if waiting is not None:
                            waiting += text
                            if len(waiting) < _LONGEST_WAIT and is_silent(waiting):
                                continue
                            text, waiting = waiting, None
                        yield draft.say(text)
                    if stops.met:
                        break
            text = (waiting or "") + stops.rest()
            if text and (waiting is None or not is_silent(text)):
                yield draft.say(text)
        except UpstreamFailed as error:
            # Nobody asked for a title: a plain one is better than an error.
            if aside is None or said.pieces:
                raise
            logger.warning("a front end's own prompt is answered without the language model: %s", error)
            said.ending = Ending(degraded=True)
        draft.clock.generate_ms = since(began)
    if not stops.met and not said.text.strip():
        said.abstained = aside is None
        if text := stops.feed(reply(aside) if aside else ABSTENTION) + stops.rest():
            yield draft.say(text)
    if aside is None:
        said.abstained |= bool(said.text.strip()) and not draft.asked.as_json and abstains(said.text)
        if not said.abstained:
            # A long answer takes milliseconds, during which other questions are not to wait.
            checked = await to_thread.run_sync(_read_over, draft)
            if judge is not None and checked.stated:
                encoder = draft.pinned.encoder
                checked = await judge.weigh(checked, said.text, draft.hits, encoder=encoder)
            said.statements, said.unsupported = checked.statements, checked.unsupported


def _read_over(draft: Draft) -> Checked:
    """Find what the answer rests on, and what of it rests on nothing where a language model wrote it."""
    said = draft.reply
    if draft.asked.as_json:
        said.mentions = mentions_of_values(said.text, draft.hits)
        return Checked()
    said.mentions = mentions(said.text, draft.hits)
    if said.ending.degraded or said.generator == ExtractiveGenerator.name:
        return Checked()
    prompt = draft.prompt
    return check(
        said.text,
        draft.hits,
        encoder=draft.pinned.encoder,
        evidence=prompt.evidence if prompt else None,
        cut=said.ending.cut,
    )
