"""Distils a sentence transformer into a static encoder: one vector a token, a text is their weighted mean.

Follows model2vec (Tulkens and van Dongen, 2024): every word piece goes through the teacher alone, then
principal components, then the weights of smooth inverse frequency (Arora et al., 2017) with frequencies
guessed from the vocabulary's order by Zipf's law. Two steps are added because they found clearly more on the
development questions of MedQuAD and FeedbackQA: the components are whitened, and every token's vector gets
the same length before it is weighted.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIF_COEFFICIENT = 1e-4
"""Frequency at which a token's weight is halved."""

METHOD = "pca-white-unit-sif1e-4"
"""Names this way of distilling; another way takes another name, and stored results stay apart."""

_BATCH = 512
_WITHOUT_MEANING = re.compile(r"\[unused\d+\]|\[PAD\]|\[CLS\]|\[SEP\]|\[MASK\]")


def distil(teacher: Path, target: Path) -> None:
    """Distil the sentence-transformers folder `teacher` (a BERT-like model); save the result as `target`.

    Takes about 20 s on two cores for MiniLM. Gives the same weights for the same teacher on the same machine.
    """
    from tokenizers import Tokenizer

    # Before torch is loaded, which takes seconds: a folder that is none is found at once.
    tokenizer = Tokenizer.from_file(str(teacher / "tokenizer.json"))
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers left it without types
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vocabulary = [tokenizer.id_to_token(i) or "" for i in range(tokenizer.get_vocab_size())]
    model: Any = SentenceTransformer(
        str(teacher), device="cpu", local_files_only=True, trust_remote_code=False
    )

    vectors = _teach(model[0].auto_model.eval(), tokenizer, len(vocabulary))  # (tokens, teacher's dimension)
    meant = np.array([not _WITHOUT_MEANING.fullmatch(token) for token in vocabulary])
    weights = np.zeros_like(vectors)
    weights[meant] = _whiten(vectors[meant]) * sif(int(meant.sum()))[:, None]

    embedding = StaticEmbedding(tokenizer, embedding_weights=torch.from_numpy(weights.astype(np.float32)))
    static = SentenceTransformer(modules=[embedding, Normalize()], device="cpu")
    static.save(str(target), create_model_card=False)


def sif(tokens: int) -> NDArray[np.float64]:
    """Weights a / (a + p) of tokens in the order of their frequency, p by Zipf's law: shape (tokens,)."""
    p = 1 / np.arange(2, tokens + 2)
    p /= p.sum()
    return np.asarray(SIF_COEFFICIENT / (SIF_COEFFICIENT + p))


def _teach(transformer: Any, tokenizer: Any, tokens: int) -> NDArray[np.float64]:
    """Put every token through the teacher between its start and end signs; mean of the three, (tokens, d)."""
    import torch

    first, last = (tokenizer.token_to_id(sign) for sign in ("[CLS]", "[SEP]"))
    means = []
    with torch.inference_mode():
        for start in range(0, tokens, _BATCH):
            ids = torch.arange(start, min(start + _BATCH, tokens))
            texts = torch.stack([torch.full_like(ids, first), ids, torch.full_like(ids, last)], dim=1)
            hidden = transformer(input_ids=texts, attention_mask=torch.ones_like(texts)).last_hidden_state
            means.append(hidden.mean(dim=1).double().numpy())  # (batch, 3, d) -> (batch, d)
    return np.concatenate(means)


def _whiten(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotate onto the principal components, give each the same spread, and all rows the vectors' mean length.

    The length matters to training alone: a learning rate then means what it means for the teacher's vectors.
    """
    centred = vectors - vectors.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov(centred.T))
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)
    white = centred @ axes / np.sqrt(np.maximum(spread, 1e-9))
    length = np.linalg.norm(centred, axis=1).mean()
    return np.asarray(white / np.linalg.norm(white, axis=1, keepdims=True) * length)
