"""Tiny models, saved as their libraries do, the weights drawn by chance; and a small company to switch releases in."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles.promotion_world import LoadedOnce, TwoEncoders, World, adapting, perturbed

from rag.adapters.models.encoders import EncoderFolder

WORDS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", "?", ".", "##s", "##ing", "question", "passage"),
    *("a", "the", "how", "to", "sharpen", "knives", "with", "whetstone", "water", "boils", "at", "what"),
    *("is", "it", "stone", "oil", "and"),
)


def _tokenizer(longest: int) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer(lowercase=False)
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    made: Any = PreTrainedTokenizerFast
    return made(
        tokenizer_object=words,
        model_max_length=longest,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _config(labels: int = 2) -> Any:
    from transformers import BertConfig

    made: Any = BertConfig
    return made(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
        initializer_range=0.4,
        num_labels=labels,
    )


@pytest.fixture(scope="session")
def made_transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT as sentence-transformers saves it: lower case, 12 tokens, CLS pooling, a dense layer, prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertModel

    torch.manual_seed(7)
    folder = tmp_path_factory.mktemp("transformer")
    bert = folder / "bert"
    BertModel(_config()).save_pretrained(bert)
    _tokenizer(40).save_pretrained(bert)
    words = Transformer(str(bert), max_seq_length=12, do_lower_case=True)
    dense = Dense(in_features=32, out_features=8, activation_function=torch.nn.Tanh())
    model = SentenceTransformer(
        modules=[words, Pooling(32, pooling_mode="cls"), dense],
        prompts={"query": "question: ", "document": "passage: "},
        device="cpu",
    )
    model.save(str(folder / "made"), create_model_card=False)
    return folder / "made"


@pytest.fixture
def transformer(made_transformer: Path, tmp_path: Path) -> Path:
    """A copy of the tiny BERT, to be changed at will."""
    return Path(shutil.copytree(made_transformer, tmp_path / "transformer"))


@pytest.fixture
def cross_encoder(tmp_path: Path) -> Path:
    """A tiny BERT that judges pairs of up to 16 tokens, as transformers saves it."""
    import torch
    from transformers import BertForSequenceClassification

    torch.manual_seed(7)
    folder = tmp_path / "cross-encoder"
    BertForSequenceClassification(_config(labels=1)).save_pretrained(folder)
    _tokenizer(16).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def two_encoders(
    encoder_store: EncoderFolder,
    static_digest: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> TwoEncoders:
    """Two real encoders that rank differently, and a third that adapts the first one's questions."""
    root = tmp_path_factory.mktemp("encoders")
    store = EncoderFolder(root)
    first = store.register(encoder_store.path(static_digest))
    second = perturbed(store, first, tmp_path_factory.mktemp("noisy") / "model")
    adapter = adapting(store, first, tmp_path_factory.mktemp("adapted") / "model")
    return TwoEncoders(root=root, store=store, first=first, second=second, adapter=adapter)


@pytest.fixture(scope="session")
def loaded_encoders(two_encoders: TwoEncoders) -> LoadedOnce:
    """The same, each loaded once a session."""
    return LoadedOnce(two_encoders.store)


@pytest.fixture
def world(tmp_path: Path, loaded_encoders: LoadedOnce) -> Iterator[World]:
    """A company with nothing in it yet."""
    made = World(home=tmp_path / "home", encoders=loaded_encoders)
    yield made
    made.close()
