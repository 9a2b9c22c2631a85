"""Models from the Hugging Face hub: weights in safetensors, settings and vocabularies; nothing pickled, no code."""

from pathlib import Path

from rag.errors import NotFound

_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors"]


def snapshot(name: str, missing: str) -> Path:
    """Return the folder of the hub's model `name`, downloading what is not here yet; errors begin with `missing`.

    Raises:
        NotFound: the hub has no such model, or may not or cannot be asked.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED, local_files_only=HF_HUB_OFFLINE))
    except HFValidationError as error:
        raise NotFound(f"{missing}, and not a name the hub could know.") from error
    except LocalEntryNotFoundError as error:
        why = "HF_HUB_OFFLINE is set" if HF_HUB_OFFLINE else "the hub does not answer"
        raise NotFound(
            f"{missing}, it was never downloaded, and {why}. "
            "Give a folder, or allow the hub by unsetting HF_HUB_OFFLINE."
        ) from error
    except HfHubHTTPError as error:
        raise NotFound(f"{missing}, and the hub does not give it: {error}") from error
