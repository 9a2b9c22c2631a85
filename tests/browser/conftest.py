"""The pages in a real browser: headless Chromium before a real service over a small corpus."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from doubles.scripted_llm import ScriptedLLM
from doubles.waiting import until
from integration.conftest import Service, fill
from integration.conftest import running as running_service
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright

from rag.adapters.models.encoders import EncoderFolder
from rag.domain import Document, Interaction
from rag.settings import Settings

WIDE = {"width": 1440, "height": 900}


@dataclass
class Tab:
    """One browser with storage of its own, and everything that it asked for or complained of."""

    page: Page
    url: str  # of the service
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)  # console errors, warnings, and exceptions
    dialogs: list[str] = field(default_factory=list)  # alert() and the like: only hostile content opens them

    @property
    def question(self) -> Locator:
        """The field for the question."""
        return self.page.get_by_label("Question", exact=True)

    @property
    def answer(self) -> Locator:
        """The last answer's text."""
        return self.page.locator(".turn").last.locator(".text")

    def open(self) -> "Tab":
        """Show the chat page."""
        self.page.goto(f"{self.url}/")
        return self

    def ask(self, question: str, *, to_the_end: bool = True) -> None:
        """Type a question and press Enter; wait for the whole answer unless told not to."""
        self.question.fill(question)
        self.question.press("Enter")
        if to_the_end:
            self.wait_for_end()

    def wait_for_end(self) -> None:
        """Wait until no answer is under way."""
        expect(self.page.locator(".answer").last).to_have_attribute("aria-busy", "false")

    def shot(self, name: str) -> None:
        """Keep a picture, where WHETSTONE_SHOTS names a folder for them."""
        folder = os.environ.get("WHETSTONE_SHOTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def elsewhere(self) -> list[str]:
        """Addresses outside the service that were asked for."""
        return [each.url for each in self.requests if not each.url.startswith((f"{self.url}/", "data:"))]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once per module: playwright keeps an event loop in this thread for as long as it runs."""
    chromium = shutil.which("chromium")
    if chromium is None:
        message = "there is no chromium on the PATH: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture
def tab_of(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Open a tab before a service; anything that the browser complains of fails the test, unless it says so itself."""
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def new(service: Service, **options: Any) -> Tab:
        values = {"viewport": WIDE, "color_scheme": "light", "reduced_motion": "reduce", **options}
        context = browser.new_context(**values)
        context.set_default_timeout(10_000)
        contexts.append(context)
        tab = Tab(page=context.new_page(), url=service.url)
        tab.page.on("request", lambda request: tab.requests.append(request))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.on(
            "console",
            lambda said: tab.complaints.append(said.text) if said.type in ("error", "warning") else None,
        )

        def on_dialog(dialog: Any) -> None:
            tab.dialogs.append(dialog.message)
            dialog.dismiss()

        tab.page.on("dialog", on_dialog)
        tabs.append(tab)
        return tab

    yield new
    for context in contexts:
        context.close()
    for tab in tabs:
        assert [] == tab.complaints
        assert [] == tab.dialogs
        assert [] == tab.elsewhere()


@pytest.fixture
def tab(tab_of: Callable[..., Tab], service: Service) -> Tab:
    """A wide tab that shows the chat page of the service with the scripted language model."""
    return tab_of(service).open()


@pytest.fixture(scope="session")
def llm() -> Iterator[ScriptedLLM]:
    """The scripted language model that the service asks."""
    server = ScriptedLLM()
    yield server
    server.close()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service keeps its state."""
    return tmp_path_factory.mktemp("browser") / "var"


@pytest.fixture(scope="session")
def service(home: Path, llm: ScriptedLLM, settings_of: Callable[..., Settings]) -> Iterator[Service]:
    """A service that asks the scripted language model."""
    with running(settings_of(home=home, llm_base_url=llm.url, llm_timeout_s=20.0)) as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_left_scripted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Replies that one test did not use must not answer the next one."""
    yield
    if "llm" in request.fixturenames:
        request.getfixturevalue("llm").replies.clear()


@pytest.fixture(scope="session")
def settings_of(encoder_store: EncoderFolder, static_digest: str) -> Callable[..., Settings]:
    """Make settings for a home with the static encoder, on any free port."""

    def make(**values: Any) -> Settings:
        encoder = str(encoder_store.path(static_digest))
        return Settings(_env_file=None, encoder=encoder, port=0, poll_interval_s=0.1, **values)

    return make


@pytest.fixture(scope="module")
def run() -> Callable[..., AbstractContextManager[Service]]:
    """Run a service with the settings given, in a context."""
    return running


@contextmanager
def running(settings: Settings, *documents: Document) -> Iterator[Service]:
    """Run a service over the corpus and further documents."""
    fill(settings)
    with running_service(settings) as service:
        for document in documents:
            service.serving.library.put(document)
        yield service


@pytest.fixture
def interaction(service: Service) -> Callable[[str], Interaction]:
    """Return the logged interaction of a question, once it is there."""

    def find(question: str) -> Interaction:
        def logged() -> Interaction | None:
            interactions = service.serving.stores.interactions.between()
            return next((each for each in interactions if each.question == question), None)

        return until(logged, f"the interaction of {question!r}")

    return find
