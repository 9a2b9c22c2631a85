"""The live release: staged, switched under load, rolled back, kept current, and let go of."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from doubles.waiting import until
from integration.conftest import Service

from rag import bootstrap
from rag.adapters.models.encoders import EncoderFolder
from rag.adapters.qdrant import QdrantFolders
from rag.bootstrap import index_store, open_serving
from rag.domain import AuditEntry, Deployment, Document, Release, utcnow
from rag.errors import IndexLocked, NotReady, SettingInvalid
from rag.ports import Encoder, Leases, PassageIndex, ReplicaStore
from rag.questions.finding.retrieval import Retriever
from rag.releases.batching import MicroBatching
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.releases.loading import Loader
from rag.settings import Settings


def deployed(service: Service) -> Deployment:
    """Return what is live."""
    found = service.serving.stores.releases.deployment()
    assert found is not None
    return found


def build(service: Service, encoder: str) -> Release:
    """Build another release beside the live one, as a separate builder does, and let go of its index."""
    serving = service.serving
    stores = serving.stores
    live = stores.releases.get(deployed(service).release)
    loaded = serving.installation.models.encoders.load(encoder)
    release = Release.create(
        encoder=encoder,
        dimension=loaded.dimension,
        chunking=live.chunking,
        retrieval=live.retrieval,
    )
    stores.releases.add(release)
    index = index_store(serving.settings).open(release, create=True)
    serving.installation.indexing.backfill(release, loaded, index)
    index.close()
    return release


def ready(service: Service) -> frozenset[str]:
    """Return the releases that the one replica says it has loaded."""
    (replica,) = service.serving.stores.replicas.alive(since=utcnow() - timedelta(minutes=1))
    return frozenset(replica.ready)


def stage(service: Service, release: str | None) -> None:
    """Ask for a release, or take the wish back."""
    releases = service.serving.stores.releases
    releases.stage(release, expected_epoch=deployed(service).epoch)


def flip(service: Service, release: str) -> int:
    """Switch, asking no replica whether it is ready; give the new epoch."""
    releases = service.serving.stores.releases
    releases.stage(release, expected_epoch=deployed(service).epoch)
    entry = AuditEntry(at=utcnow(), principal="test", action="promote", subject=release)
    return releases.flip(release, expected_epoch=deployed(service).epoch, entry=entry).epoch


def open_folders(service: Service) -> frozenset[str]:
    """Return the indexes that the service holds open."""
    held = set()
    store = QdrantFolders(service.serving.settings.home / "indexes")
    for release in service.serving.stores.releases.all():
        if release.index_name in store.names():
            try:
                store.open(release).close()
            except IndexLocked:
                held.add(release.digest)
    return frozenset(held)


@pytest.fixture
def minilm(service: Service, encoder_store: EncoderFolder, minilm_digest: str) -> str:
    """Digest of MiniLM, which the service's home has too."""
    encoders = service.serving.installation.models.encoders
    assert isinstance(encoders, EncoderFolder)
    return encoders.adopt(encoder_store, minilm_digest)


def test_switch_under_load_fails_no_request_and_mixes_nothing(service: Service, minilm: str) -> None:
    """Questions go on through a switch and back; each is answered by one release, and its epoch fits."""
    stores = service.serving.stores
    old = deployed(service).release
    new = build(service, minilm).digest
    encoders = {release.digest: release.encoder for release in stores.releases.all()}
    stage(service, new)
    until(lambda: ready(service) == {old, new})

    answers: list[dict[str, Any]] = []
    statuses: Counter[int] = Counter()
    stop = threading.Event()

    def ask() -> None:
        body = {"messages": [{"role": "user", "content": "When does the cafeteria serve lunch?"}]}
        with httpx.Client(base_url=service.url, timeout=30) as client:
            while not stop.is_set():
                response = client.post("/v1/chat/completions", json=body)
                statuses[response.status_code] += 1
                answers.append(response.json()["whetstone"])

    def switch(epoch: int, release: str) -> None:
        before = len(answers)
        until(lambda: len(answers) > before + 20)
        assert flip(service, release) == epoch
        until(lambda: any(each["epoch"] == epoch for each in answers[before:]))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        switch(2, new)
        switch(3, old)
    finally:
        stop.set()
        for asker in askers:
            asker.join()

    assert statuses == {200: len(answers)}
    expected = {1: old, 2: new, 3: old}
    assert {each["epoch"] for each in answers} == {1, 2, 3}
    for each in answers:
        assert each["release"] == expected[each["epoch"]]
        assert each["encoder"] == encoders[each["release"]]
    logged = stores.interactions.between()
    assert Counter((each.epoch, each.release) for each in logged) == Counter(
        (each["epoch"], each["release"]) for each in answers
    )


def test_old_release_is_kept_current_for_the_way_back(service: Service, minilm: str) -> None:
    """After a switch, a new document is found after a rollback at once: its index was kept up to date."""
    old = deployed(service).release
    new = build(service, minilm).digest
    stage(service, new)
    until(lambda: ready(service) == {old, new})
    flip(service, new)
    until(lambda: service.client.get("/v1/models").json()["data"][0]["release"] == new)

    document = {"uri": "new.md", "text": "The roof garden is open to staff in summer."}
    assert service.client.put("/v1/documents", json=document).json()["searchable"]
    until(lambda: ready(service) == {old, new})
    flip(service, old)
    until(lambda: service.client.get("/v1/models").json()["data"][0]["release"] == old)

    found = service.client.post("/v1/retrieve", json={"query": "When is the roof garden open?"}).json()
    assert found["hits"][0]["uri"] == "new.md"


def test_staged_release_is_let_go_when_withdrawn(service: Service, minilm: str) -> None:
    """While staged its folder is held; withdrawn, it is closed, so its builder can have it back."""
    old = deployed(service).release
    new = build(service, minilm).digest
    stage(service, new)
    until(lambda: ready(service) == {old, new})
    assert open_folders(service) == {old, new}

    stage(service, None)
    until(lambda: ready(service) == {old})
    assert open_folders(service) == {old}


def test_locked_index_of_a_staged_release_is_tried_again(
    service: Service, minilm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A builder that still holds the folder delays readiness and disturbs nothing else."""
    old = deployed(service).release
    release = build(service, minilm)
    held = index_store(service.serving.settings).open(release)
    stage(service, release.digest)
    refused = f"loading release {release.digest[:16]} failed"
    until(lambda: any(message.startswith(refused) for message in list(caplog.messages)))

    assert ready(service) == {old}
    assert service.client.get("/readyz").status_code == 200
    held.close()
    until(lambda: ready(service) == {old, release.digest})


def test_pinned_release_outlives_its_switch(
    home_settings: Settings,
    run_service: Callable[..., Any],
    corpus: Callable[..., None],
    encoder_store: EncoderFolder,
    minilm_digest: str,
) -> None:
    """With no rollback window, the old release is closed after a switch, but not under a question."""
    settings = home_settings.model_copy(update={"rollback_window_h": 0.0})
    corpus(settings)
    with run_service(settings) as service:
        old = deployed(service).release
        minilm = service.serving.installation.models.encoders.adopt(encoder_store, minilm_digest)
        new = build(service, minilm).digest
        with service.serving.live.pin() as pinned:
            flip(service, new)
            until(lambda: service.client.get("/v1/models").json()["data"][0]["release"] == new)
            until(lambda: ready(service) >= {new})
            # The second of two whole looks began after the switch was seen, and closed what it may close.
            assert all(service.serving.live.wait_caught_up(0, 10.0) for _ in range(2))
            hits = (
                Retriever(service.serving.stores.documents)
                .retrieve(pinned, "When is lunch?", tenant="default")
                .hits
            )

            assert pinned.release.digest == old
            assert hits
            assert open_folders(service) == {old, new}
        until(lambda: open_folders(service) == {new})


def test_restart_goes_on_with_what_is_live(
    home_settings: Settings, run_service: Callable[..., Any], corpus: Callable[..., None]
) -> None:
    """What was written while nothing ran is applied at the start; a lost index is filled again."""
    corpus(home_settings)
    with run_service(home_settings) as service:
        index = service.serving.live
        with index.pin() as pinned:
            name, count = pinned.index.name, pinned.index.count()
    with open_serving(home_settings) as serving:
        serving.library.put(Document.create(uri="later.md", text="The gym opens at six in the morning."))

    for lost in (False, True):
        if lost:
            QdrantFolders(home_settings.home / "indexes").drop(name)
        with run_service(home_settings) as service:
            found = service.client.post("/v1/retrieve", json={"query": "When does the gym open?"}).json()
            assert found["hits"][0]["uri"] == "later.md"
            with service.serving.live.pin() as pinned:
                assert pinned.index.count() == count + 1


def test_single_question_without_a_service(home_settings: Settings, corpus: Callable[..., None]) -> None:
    """Started without its thread, it answers, applies changes when asked, and is no replica."""
    corpus(home_settings)
    with open_serving(home_settings) as serving:
        with pytest.raises(NotReady), serving.live.pin():
            pass
        serving.live.start(background=False)
        serving.library.put(Document.create(uri="later.md", text="The gym opens at six in the morning."))

        assert serving.live.wait_caught_up(serving.stores.documents.last_change(), 1.0)
        with serving.live.pin() as pinned:
            (hit,) = (
                Retriever(serving.stores.documents)
                .retrieve(pinned, "When does the gym open?", tenant="default", limit=1)
                .hits
            )
        assert hit.passage.uri == "later.md"
        assert serving.stores.replicas.alive(since=utcnow() - timedelta(minutes=1)) == []


def test_other_chunking_than_the_corpus_is_refused(
    home_settings: Settings, corpus: Callable[..., None]
) -> None:
    """The message names both settings and the way out."""
    corpus(home_settings)
    changed = home_settings.model_copy(update={"chunk_tokens": 100})

    with (
        pytest.raises(SettingInvalid, match=r"220 tokens.*ask for 100 and 30.*WHETSTONE_CHUNK_TOKENS=220"),
        open_serving(changed),
    ):
        pass


def test_replica_leaves_when_it_stops(home_settings: Settings, run_service: Callable[..., Any]) -> None:
    """A promotion must not wait for a service that ended."""
    with run_service(home_settings) as service:
        until(lambda: service.serving.stores.replicas.alive(since=utcnow() - timedelta(minutes=1)))
        stores = service.serving.stores
        service.serving.live.stop()
        assert stores.replicas.alive(since=utcnow() - timedelta(minutes=1)) == []
        with pytest.raises(NotReady), service.serving.live.pin():
            pass


def test_flip_without_staging_is_followed(service: Service, minilm: str) -> None:
    """A replica that missed the staging loads the new release and serves the old one until then."""
    new = build(service, minilm)
    flip(service, new.digest)

    until(lambda: service.ask("When is lunch served?").json()["whetstone"]["release"] == new.digest)


def replica(
    serving: bootstrap.Service, indexing: Indexing, replica_id: str, *, leases: Leases | None = None
) -> LiveRelease:
    """Return another replica's live release, not started yet."""
    installation = serving.installation
    loader = Loader(
        installation.stores.releases,
        installation.models,
        installation.indexes,
        indexing,
        poll_interval_s=0.05,
        leases=leases,
    )
    return LiveRelease(
        installation.stores.releases,
        installation.stores.replicas,
        loader,
        indexing,
        replica_id=replica_id,
        poll_interval_s=0.05,
        rollback_window_h=1.0,
    )


def test_shared_index_has_one_writer_at_a_time(home_settings: Settings, corpus: Callable[..., None]) -> None:
    """Where replicas share an index, one that finds it being written waits its turn."""
    corpus(home_settings)
    with open_serving(home_settings) as serving:
        live = replica(serving, serving.installation.indexing, "shared", leases=serving.stores.leases)
        live.start()
        try:
            with live.pin() as pinned, serving.stores.leases.hold(f"index:{pinned.index.name}"):
                serving.library.put(Document.create(uri="later.md", text="The gym opens at six."))
                assert not live.wait_caught_up(serving.stores.documents.last_change(), 0.3)
            assert live.wait_caught_up(serving.stores.documents.last_change(), 5.0)
        finally:
            live.stop()


class HeldIndexing(Indexing):
    """Applies changes only while it may, as one that embeds a thousand new documents seems to stand still."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.held, self.may = threading.Event(), threading.Event()
        self.may.set()

    def catch_up(self, release: Release, encoder: Encoder, index: PassageIndex, *, limit: int = 200) -> int:
        """Apply changes, once it may."""
        if not self.may.is_set():
            self.held.set()
            self.may.wait(60)
        return super().catch_up(release, encoder, index, limit=limit)


def beats(replicas: ReplicaStore) -> None:
    """Wait for a heartbeat later than now."""
    now = utcnow()
    until(lambda: replicas.alive(since=now), "a heartbeat", seconds=10)


def test_the_heart_beats_while_documents_are_embedded(home_settings: Settings) -> None:
    """A service that is busy with new documents is not taken for dead: its heartbeat stays fresh."""
    with open_serving(home_settings) as serving:
        indexing = HeldIndexing(
            serving.stores.documents, serving.stores.cursors, serving.installation.models.cache
        )
        live = replica(serving, indexing, "busy")
        live.start()
        try:
            until(lambda: serving.stores.replicas.alive(since=utcnow() - timedelta(seconds=5)))
            indexing.may.clear()
            serving.library.put(Document.create(uri="new", text="A new document about badges."))
            assert indexing.held.wait(5)
            for _ in range(2):
                beats(serving.stores.replicas)
            assert not indexing.may.is_set()
        finally:
            indexing.may.set()
            live.stop()
        assert not serving.stores.replicas.alive(since=utcnow() - timedelta(minutes=1))


def test_a_stop_while_the_threads_start_ends_them(
    home_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that is told to end at that moment ends in order, and leaves no replica behind."""
    start, failed = threading.Thread.start, []

    with open_serving(home_settings) as serving:
        live = replica(serving, serving.installation.indexing, "brief")

        def stop() -> None:
            try:
                live.stop()
            except RuntimeError as error:
                failed.append(error)

        stopping = threading.Thread(target=stop)

        def start_late(thread: threading.Thread) -> None:
            if thread.name == "live-release":
                start(stopping)
                stopping.join(0.3)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", start_late)
        live.start()
        stopping.join(10)

        assert ([], False) == (failed, stopping.is_alive())
        assert not {"live-release", "heartbeat"} & {thread.name for thread in threading.enumerate()}
        assert not serving.stores.replicas.alive(since=utcnow() - timedelta(minutes=1))


def test_what_serves_embeds_questions_together(home_settings: Settings) -> None:
    """The encoder of a release that serves batches the questions of many threads."""
    with open_serving(home_settings) as serving:
        serving.live.start(background=False)
        with serving.live.pin() as pinned:
            assert isinstance(pinned.encoder, MicroBatching)
