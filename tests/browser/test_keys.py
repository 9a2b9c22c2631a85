"""The chat page before a service that wants a key."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.conftest import Service
from playwright.sync_api import expect
from pydantic import SecretStr

LUNCH = "When does the cafeteria serve lunch?"
KEY = "a-key-of-the-tests"


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory,
    settings_of: Callable[..., Any],
    run: Callable[..., Any],
) -> Iterator[Any]:
    """A service with a key and without a language model."""
    home: Path = tmp_path_factory.mktemp("keys") / "var"
    with run(settings_of(home=home, api_key=SecretStr(KEY))) as started:
        yield started


def test_key_is_asked_for_and_the_question_goes_on(tab: Any) -> None:
    """The first 401 opens a dialog; a wrong key is told; with the right one the question is answered."""
    tab.ask(LUNCH, to_the_end=False)
    dialog = tab.page.get_by_role("dialog", name="API key")
    expect(dialog.get_by_label("Key", exact=True)).to_be_focused()
    tab.shot("key")
    expect(dialog.get_by_label("Remember it on this device")).not_to_be_checked()

    dialog.get_by_label("Key", exact=True).fill("a-wrong-key")
    tab.page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("The service does not accept this key.")
    dialog.get_by_label("Key", exact=True).fill(KEY)
    dialog.get_by_role("button", name="Use this key").click()
    expect(dialog).to_be_hidden()
    tab.wait_for_end()

    expect(tab.answer).to_contain_text("noon")
    expect(tab.page.locator(".turn")).to_have_count(1)
    tab.answer.locator("button.cite").first.click()
    expect(tab.page.locator("#source-text")).to_contain_text("The cafeteria serves lunch")
    assert [KEY, None] == tab.page.evaluate(
        "[sessionStorage.getItem('whetstone.key'), localStorage.getItem('whetstone.key')]"
    )
    assert not [each.url for each in tab.requests if KEY in each.url]
    tab.complaints.clear()  # the browser itself reports the 401s
    tab.page.reload()
    tab.ask("How long is parental leave?")
    expect(tab.answer).to_contain_text("sixteen weeks")


def test_remembered_key_outlives_the_tab_until_it_is_forgotten(tab: Any) -> None:
    """Only where it was asked for does another tab know the key; forgetting removes it everywhere."""
    tab.ask(LUNCH, to_the_end=False)
    dialog = tab.page.get_by_role("dialog", name="API key")
    dialog.get_by_label("Key", exact=True).fill(KEY)
    dialog.get_by_label("Remember it on this device").check()
    tab.page.keyboard.press("Enter")
    expect(tab.answer).to_contain_text("noon")
    tab.complaints.clear()

    second = tab.page.context.new_page()
    second.goto(f"{tab.url}/")
    second.get_by_role("button", name="API key").click()
    second.get_by_role("button", name="Forget the key").click()
    assert [None, None] == second.evaluate(
        "[sessionStorage.getItem('whetstone.key'), localStorage.getItem('whetstone.key')]"
    )
    expect(second.get_by_role("button", name="API key")).to_be_hidden()


def test_without_a_key_the_reason_is_said(tab: Any) -> None:
    """Whoever gives none is told what is missing, and can try again."""
    tab.ask(LUNCH, to_the_end=False)
    tab.page.get_by_role("dialog", name="API key").get_by_role("button", name="Cancel").click()
    tab.wait_for_end()

    expect(tab.page.get_by_role("alert")).to_contain_text("Without a key this service does not answer")
    tab.page.get_by_role("button", name="Try again").click()
    expect(tab.page.get_by_role("dialog", name="API key")).to_be_visible()
    tab.complaints.clear()


def test_page_itself_needs_no_key_and_holds_nothing(service: Service) -> None:
    """Page and static files are given to everybody; a source is not, unless its link is signed."""
    page = service.client.get("/")
    assert 200 == page.status_code
    assert "Cafeteria" not in page.text
    (script,) = re.findall(r'src="(static/\w+/chat\.js)"', page.text)
    assert 200 == service.client.get(f"/{script}").status_code
    assert 401 == service.client.get("/v1/sources/none").status_code


def test_key_that_cannot_be_sent_is_refused_at_once(tab: Any) -> None:
    """Blanks and letters beyond ASCII are told before anything is sent."""
    tab.ask(LUNCH, to_the_end=False)
    dialog = tab.page.get_by_role("dialog", name="API key")
    before = len(tab.requests)
    dialog.get_by_label("Key", exact=True).fill("schlüssel mit leerzeichen")
    tab.page.keyboard.press("Enter")

    expect(dialog.get_by_role("alert")).to_contain_text("letters, digits and marks only")
    assert before == len(tab.requests)
    tab.complaints.clear()
