"""What serving, retraining and monitoring of one installation share, opened once in a process."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.adapters.sql.database.engine import PATIENT, Patience
from rag.adapters.sql.stores import Stores
from rag.bootstrap.parts import index_store, library, models, ocr_of, open_stores_for
from rag.domain import Document, LabelledQuestion, Purpose
from rag.library.documents import FieldNames, Library, SyncReport
from rag.library.labelling import purposes_of, store_labels
from rag.ports import IndexStore, Progress
from rag.releases.indexing import Indexing
from rag.releases.models import Models
from rag.releases.trials import Scratch
from rag.settings import Settings


@contextmanager
def scratch_indexes() -> Iterator[IndexStore]:
    """Yield a place for indexes among the system's temporary files, and remove it afterwards."""
    from rag.adapters.qdrant import QdrantFolders

    with TemporaryDirectory(prefix="whetstone-trial-") as folder:
        yield QdrantFolders(Path(folder))


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """The truth, the models and the indexes of one installation."""

    settings: Settings
    stores: Stores
    models: Models
    indexes: IndexStore
    indexing: Indexing
    scratch: Scratch = scratch_indexes  # where releases are tried out

    @property
    def library(self) -> Library:
        """Puts documents into the store.

        Raises:
            SettingInvalid: the documents that are there are split in another way than the settings say.
        """
        return library(self.settings, self.stores)

    def ingest(
        self,
        location: str,
        *,
        prune: bool,
        progress: Progress,
        force: bool = False,
        fields: FieldNames | None = None,
    ) -> SyncReport:
        """Bring the store in line with a file, a folder, or python-docs; `force` prunes however much is gone.

        Raises:
            InvalidInput: there is nothing there, or nothing of a known kind.
            SettingInvalid: the documents that are there are split in another way than the settings say.
        """
        from rag.adapters.readers import read, source_of

        settings = self.settings
        return self.library.sync(
            read(
                location,
                tenant=settings.tenant,
                max_bytes=settings.max_file_bytes,
                fields=fields,
                ocr=ocr_of(settings),
            ),
            tenant=settings.tenant,
            source=source_of(location),
            prune=prune,
            force=force,
            after_each=lambda done: progress(done, 0, f"ingest {location}"),
        )

    def import_labels(self, folder: Path, splits: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        """Import labelled questions; return purpose -> (how many there are, how many are new).

        Raises:
            InvalidInput: a purpose is not known, the split may not be used, or the corpus is not ingested.
        """
        from rag.adapters.labels import read_labels

        tenant = self.settings.tenant
        return store_labels(
            read_labels(folder, tenant=tenant, splits=purposes_of(splits)),
            source=str(folder),
            tenant=tenant,
            documents=self.stores.documents,
            questions=self.stores.questions,
        )


@contextmanager
def open_installation(settings: Settings, *, patience: Patience = PATIENT) -> Iterator[Installation]:
    """Yield everything over the settings' state, and close it afterwards; `patience` is with PostgreSQL.

    Raises:
        SettingInvalid: a setting cannot be used.
        Unavailable: the database does not answer.
    """
    with closing(open_stores_for(settings, patience=patience)) as stores:
        known = models(settings)
        yield Installation(
            settings=settings,
            stores=stores,
            models=known,
            indexes=index_store(settings),
            indexing=Indexing(stores.documents, stores.cursors, known.cache),
        )


def documents_at(location: str, settings: Settings) -> Iterator[Document]:
    """Yield the documents at a location; whatever cannot be read is left out."""
    from rag.adapters.readers import read

    records = read(location, tenant=settings.tenant, max_bytes=settings.max_file_bytes)
    return (record for record in records if isinstance(record, Document))


def questions_at(folder: Path, settings: Settings) -> tuple[list[LabelledQuestion], list[LabelledQuestion]]:
    """Return a BEIR folder's questions: those to learn and judge by, and the test split's, only to report on."""
    from rag.adapters.labels import read_labels

    learn = read_labels(folder, tenant=settings.tenant, splits={"train": Purpose.TRAIN, "dev": Purpose.DEV})
    report = read_labels(folder, tenant=settings.tenant, splits={"test": Purpose.DEV}, allow_test=True)
    return learn, report
