"""Qdrant on a server or a cluster."""

import math
import threading
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from rag.adapters.qdrant.index import ReleaseIndex, make_collection
from rag.domain import Release
from rag.errors import NotFound, Unavailable
from rag.ports import PassageIndex

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_OLDEST_SERVER = (1, 19)  # older ones can lose acknowledged points right after a restart
_PREFIX = "whetstone-"


class _ServerIndex(ReleaseIndex):
    """One collection of a server."""

    def __init__(self, client: "QdrantClient", release: Release, url: str) -> None:
        self._url = url
        super().__init__(client, release)

    def _calls(self) -> AbstractContextManager[None]:
        return _asking(self._url)


class QdrantServer:
    """An `IndexStore` on a Qdrant server or cluster, 1.19 or newer. May be shared by threads."""

    def __init__(self, url: str, api_key: str | None = None, timeout_s: float = 30.0) -> None:
        """Point at the server; nothing is sent before the first use.

        Args:
            url: e.g. ``http://127.0.0.1:6333``.
            api_key: sent where the server wants one.
            timeout_s: limit of one call, in seconds, rounded up to a whole one.
        """
        self._url = url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._client: QdrantClient | None = None
        self._connecting = threading.Lock()

    def open(self, release: Release, *, create: bool = False) -> PassageIndex:
        """Open the release's collection, making it first where `create` says so.

        Raises:
            NotFound: it does not exist and `create` is False.
            Unavailable: the server does not answer, refuses the key, or is too old.
            DimensionMismatch: what is there has another dimension or vector name.
        """
        client = self._connected()
        with _asking(self._url):
            there = client.collection_exists(release.index_name)
            if not there and not create:
                raise NotFound(f"There is no index {release.index_name} on {self._url}; build it first.")
            if create:
                self._make(client, release, there=there)
        return _ServerIndex(client, release, self._url)

    def names(self) -> frozenset[str]:
        """Every index of ours; other collections on the server are none of our business."""
        with _asking(self._url):
            collections = self._connected().get_collections().collections
        return frozenset(c.name for c in collections if c.name.startswith(_PREFIX))

    def drop(self, name: str) -> None:
        """Delete an index; nothing happens where there is none."""
        with _asking(self._url):
            self._connected().delete_collection(name)

    def _make(self, client: "QdrantClient", release: Release, *, there: bool) -> None:
        from qdrant_client import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        if not there:
            try:
                make_collection(client, release)
            except UnexpectedResponse as error:
                if error.status_code != 409:  # another process made it in the meantime
                    raise
        for field in ("tenant", "document_id"):
            client.create_payload_index(
                release.index_name, field, models.PayloadSchemaType.KEYWORD, wait=True
            )

    def _connected(self) -> "QdrantClient":
        from qdrant_client import QdrantClient

        with self._connecting:
            if self._client is not None:
                return self._client
            client = QdrantClient(
                url=self._url,
                api_key=self._api_key,
                timeout=math.ceil(self._timeout_s),
                check_compatibility=False,  # it would only warn, and only of the client's own version
            )
            try:
                with _asking(self._url):
                    version = client.info().version
                if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < _OLDEST_SERVER:
                    oldest = ".".join(str(part) for part in _OLDEST_SERVER)
                    raise Unavailable(
                        f"Qdrant at {self._url} is {version}; {oldest} or newer is needed. Upgrade it."
                    )
            except BaseException:
                client.close()
                raise
            weakref.finalize(self, client.close)
            self._client = client
            return client


@contextmanager
def _asking(url: str) -> Iterator[None]:
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    try:
        yield
    except ResponseHandlingException as error:
        raise Unavailable(f"Qdrant at {url} does not answer: {error}. Is it running?") from error
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise Unavailable(f"Qdrant at {url} refuses the key; check WHETSTONE_QDRANT_API_KEY.") from error
        raise Unavailable(f"Qdrant at {url} answered {error.status_code}: {error.content!r}") from error
