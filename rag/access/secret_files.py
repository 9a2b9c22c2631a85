"""Secrets that the service makes for itself and keeps in files of the home folder."""

import os
import secrets
from pathlib import Path

from rag.errors import SettingInvalid

_BYTES = 32


def load_or_make(path: Path, *, lost: str) -> bytes:
    """Return the secret in the file `path`, making it where there is none.

    The file holds 32 random bytes in hex and has mode 0600; its folder is made too. Two processes that start together
    end with the same secret. `lost` says, for the message, what happens when the file is deleted.

    Raises:
        SettingInvalid: the file holds something else, or everybody may read it.
    """
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        _make(path)
        text = path.read_text(encoding="ascii").strip()
    # A group may be allowed: volumes in Kubernetes set it by themselves.
    if path.stat().st_mode & 0o007:
        raise SettingInvalid(f"Everybody on this machine may use the secret in {path}; run: chmod 600 {path}")
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < _BYTES:
        raise SettingInvalid(
            f"{path} does not hold a secret of {_BYTES} bytes in hex. Put the right file back, or delete it: a new "
            f"one is made, and {lost}."
        )
    return secret


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, not a rename: it fails where another process was faster, whose secret then holds.
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
