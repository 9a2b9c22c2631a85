"""What decides who may come in, over the settings' state alone."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from rag.access.authentication import Keyring
from rag.access.keys import SHORTEST_SECRET, KeyMaths, KeyRegister, KeyStatus, status
from rag.access.secret_files import load_or_make
from rag.access.source_links import SourceLinks
from rag.adapters.sql.stores import Stores
from rag.api.serving import Keys
from rag.bootstrap.leftovers import KEYS_REQUIRED
from rag.bootstrap.parts import open_stores_for
from rag.domain import utcnow
from rag.errors import SettingInvalid
from rag.running.listening import is_public
from rag.settings import Settings


def key_secret(settings: Settings) -> bytes:
    """Return the secret that keys and links are checked with, made at first use where none is set.

    Raises:
        SettingInvalid: it is too short, or its file is damaged.
    """
    if settings.key_secret is None:
        return load_or_make(settings.home / "keys.secret", lost="every API key has to be made again")
    secret = settings.key_secret.get_secret_value().encode()
    if len(secret) < SHORTEST_SECRET:
        raise SettingInvalid(
            f"WHETSTONE_KEY_SECRET has to be {SHORTEST_SECRET} or more bytes, got {len(secret)}; make one with: "
            "openssl rand -hex 32"
        )
    return secret


def key_register(settings: Settings, stores: Stores) -> KeyRegister:
    """Return what makes and revokes keys; errors as for `key_secret`."""
    return KeyRegister(
        stores.keys,
        KeyMaths(key_secret(settings)),
        home_tenant=settings.tenant,
        made=lambda: _remember_keys(settings),
    )


def _demanded(settings: Settings, stores: Stores) -> bool:
    """Tell whether every request needs a key, whatever becomes of the database.

    The home remembers that it had a key. `keys.secret` cannot tell: it also signs links where there are no keys.
    """
    if stores.keys.all():
        _remember_keys(settings)
    return settings.api_key is not None or is_public(settings) or (settings.home / KEYS_REQUIRED).exists()


def _remember_keys(settings: Settings) -> None:
    path = settings.home / KEYS_REQUIRED
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("A key was made here, so every request needs one, even after the database is lost.\n")


def keys(settings: Settings, stores: Stores) -> Keys:
    """Return what decides who may come in; errors as for `key_secret`."""
    secret = key_secret(settings)
    return Keys(
        keyring=Keyring(
            stores.keys,
            KeyMaths(secret),
            environment=settings.api_key.get_secret_value() if settings.api_key else None,
            tenant=settings.tenant,
            demanded=_demanded(settings, stores),
        ),
        register=key_register(settings, stores),
        links=SourceLinks(secret, days=settings.source_link_days),
    )


@contextmanager
def open_keys(settings: Settings) -> Iterator[KeyRegister]:
    """Yield what makes and revokes keys, over the settings' state alone; errors as for `key_secret`."""
    with closing(open_stores_for(settings)) as stores:
        yield key_register(settings, stores)


def any_usable_key(settings: Settings) -> bool:
    """Tell whether a key was made that lets anybody in; errors as for `open_keys`."""
    with open_keys(settings) as register:
        now = utcnow()
        return any(status(key, now) is KeyStatus.USABLE for key in register.all())
