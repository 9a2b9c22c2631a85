"""The names by which a client asks for the model that answers, and for the one that makes vectors."""

from rag.errors import InvalidInput, ModelNotFound
from rag.questions.finding.retrieval import Pinned

MODEL = "whetstone"
EMBEDDING_MODEL = "whetstone-embedding"


def check_chat_model(model: str) -> None:
    """Raise InvalidInput where the model of that name makes vectors; a question may be asked under any other name.

    Clients and front ends come with names of their own, and there is only one that could be meant.
    """
    if model == EMBEDDING_MODEL or model.startswith(f"{EMBEDDING_MODEL}-"):
        raise InvalidInput(f"{model!r} makes vectors, at /v1/embeddings; ask {MODEL!r}.")


def check_embedding_model(model: str, pinned: Pinned) -> None:
    """Raise ModelNotFound where the pinned release makes no vectors under that name.

    Vectors of two models do not fit together, so no other name is taken for this one. Whoever stores vectors names the
    encoder or the release, and gets an error, not other vectors, once another one is live.
    """
    names = (EMBEDDING_MODEL, f"{EMBEDDING_MODEL}-{pinned.encoder.digest[:16]}", pinned.release.digest)
    if model == MODEL:
        raise ModelNotFound(f"{MODEL!r} answers questions and makes no vectors; ask for {', '.join(names)}.")
    if model not in names:
        raise ModelNotFound(f"There is no model {model!r} here; there are {', '.join((MODEL, *names))}.")
