"""Vectors over the wire are the live encoder's own, asked by the real OpenAI client over a real port."""

from typing import Any

import numpy as np
import openai
import pytest
from integration.conftest import Service

TEXTS = ["When is lunch?", "Züge und Flüge", "猫"]


def client(service: Service) -> openai.OpenAI:
    """Return the real client."""
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key="none", max_retries=0, timeout=30)


def test_vectors_are_the_encoders_in_both_encodings(service: Service) -> None:
    """base64, which the client asks for by itself, and floats give the encoder's vectors, in order."""
    with service.serving.live.pin() as pinned:
        expected = pinned.encoder.encode_queries(TEXTS)
        release, tokens = pinned.release.digest, sum(pinned.encoder.count_tokens(TEXTS))

    with client(service) as asked:
        packed = asked.embeddings.create(model="whetstone-embedding", input=TEXTS)
        floats = asked.embeddings.create(model=release, input=TEXTS, encoding_format="float")
        single = asked.embeddings.create(
            model="whetstone-embedding", input=TEXTS[0], dimensions=expected.shape[1]
        )

    for given in (packed, floats):
        assert [each.index for each in given.data] == [0, 1, 2]
        np.testing.assert_allclose(np.array([each.embedding for each in given.data]), expected, atol=1e-6)
    np.testing.assert_allclose(single.data[0].embedding, expected[0], atol=1e-6)
    assert packed.usage.prompt_tokens == packed.usage.total_tokens == tokens


def test_many_inputs_come_back_in_order(service: Service) -> None:
    """More inputs than one batch has are the same as each alone."""
    texts = [f"passage number {i}" for i in range(100)]
    with service.serving.live.pin() as pinned:
        expected = pinned.encoder.encode_passages(texts)

    with client(service) as asked:
        given = asked.embeddings.create(
            model="whetstone-embedding", input=texts, extra_body={"input_type": "passage"}
        )

    assert [each.index for each in given.data] == list(range(100))
    np.testing.assert_allclose(np.array([each.embedding for each in given.data]), expected, atol=1e-5)


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"input": []}, "1 to 512 inputs"),
    ({"input": ["x"] * 513}, "1 to 512 inputs"),
    ({"input": [1, 2, 3]}, "Arrays of tokens"),
    ({"input": [[1, 2], [3]]}, "Arrays of tokens"),
    ({"input": ""}, "Input 0 is blank"),
    ({"input": ["a", "b\0c"]}, "Input 1"),
    ({"input": "x" * 1_000_001}, "1000001 characters"),
    ({"input": "x", "dimensions": 7}, "dimensions can only be"),
    ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
    ({}, "input"),
]


def test_unusable_requests_say_why(service: Service) -> None:
    """Each is a 400 in OpenAI's shape."""
    for body, reason in UNUSABLE:
        response = service.client.post("/v1/embeddings", json={"model": "whetstone-embedding"} | body)

        assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
        assert reason in response.json()["error"]["message"]


def test_other_models_vectors_are_not_made_up(service: Service) -> None:
    """A name of another model is refused, because its vectors would not fit."""
    with client(service) as asked, pytest.raises(openai.NotFoundError) as caught:
        asked.embeddings.create(model="text-embedding-3-small", input="x")

    assert caught.value.code == "model_not_found"
    assert "whetstone-embedding" in caught.value.message


def test_the_chat_model_is_told_apart_from_one_that_is_not_there(service: Service) -> None:
    """Its name is known, so the error says what it does, and what makes vectors."""
    with client(service) as asked, pytest.raises(openai.NotFoundError) as caught:
        asked.embeddings.create(model="whetstone", input="When is lunch?")
    assert "answers questions" in str(caught.value)
    assert "whetstone-embedding" in str(caught.value)
    assert "There is no model" not in str(caught.value)
