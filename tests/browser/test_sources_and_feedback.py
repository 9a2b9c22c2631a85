"""Sources on the chat page and on their own page, and what people say of an answer."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from doubles.scripted_llm import ScriptedLLM
from integration.conftest import Service
from playwright.sync_api import expect

from rag.domain import Document

LUNCH = "When does the cafeteria serve lunch?"
QUESTION = "When does the cafeteria serve its lunch, and where are vegetarian meals?"
FIRST = "The cafeteria serves lunch from noon until two o'clock."
SECOND = "Vegetarian meals are on the second counter."


def feedback(service: Service, interaction: Any) -> list[Any]:
    """Return what was said of an interaction, oldest first."""
    given = service.serving.stores.feedback.of([interaction.id])
    return list(given.get(interaction.id, ()))


def first_passage(service: Service, uri: str) -> Any:
    """Return a document's first passage."""
    document = Document.id_for(service.serving.settings.tenant, uri)
    return service.serving.stores.documents.passages_of([document])[document][0]


@pytest.fixture
def answered(tab: Any, llm: ScriptedLLM) -> Any:
    """A tab with an answer that relies on the two sentences of the cafeteria's passage, one after the other."""
    llm.script(
        "The cafeteria serves lunch **from noon until two o'clock** [1]. "
        "Vegetarian meals are on the second counter [1]."
    )
    tab.ask(QUESTION)
    return tab


def test_citation_opens_the_passage_with_its_sentence_marked(
    answered: Any, service: Service, interaction: Callable[[str], Any]
) -> None:
    """The mark shows the passage beside the answer, exactly the sentence marked; opening it is told once."""
    mark = answered.answer.get_by_role("button", name="Source 1: Cafeteria").first
    mark.click()

    panel = answered.page.get_by_role("complementary", name="Source")
    expect(panel.get_by_role("heading", name="Cafeteria")).to_be_focused()
    expect(panel.locator("mark")).to_have_text(FIRST)
    passage = first_passage(service, "handbook/lunch.md")
    assert passage.text == panel.locator(".passage").inner_text()
    expect(panel.get_by_text("handbook/lunch.md")).to_be_visible()
    assert 0 == panel.locator(".origin a").count()
    answered.shot("source-panel")

    answered.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()
    mark.click()
    expect(panel.locator("mark")).to_have_text(FIRST)
    answered.page.reload()
    mark.click()
    expect(panel.locator("mark")).to_have_text(FIRST)
    told = [each.clicked_passage for each in feedback(service, interaction(QUESTION))]
    assert [passage.id] == told


def test_each_mark_shows_the_sentence_it_stands_for(answered: Any) -> None:
    """Two marks of one passage mark two sentences; the list below the answer marks both."""
    panel = answered.page.get_by_role("complementary", name="Source")
    for i, sentence in enumerate((FIRST, SECOND)):
        answered.answer.get_by_role("button", name="Source 1").nth(i).click()
        expect(panel.locator("mark")).to_have_text(sentence)

    answered.page.locator(".sources").get_by_role("button", name="Source 1").click()

    expect(panel.locator("mark")).to_have_text([FIRST, SECOND])


def test_quotes_without_links_are_found_by_their_words(tab: Any, llm: ScriptedLLM) -> None:
    """Where the service names a sentence but no place, it is found in the passage, line ends or not."""

    def change(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=re.sub(r"[?&]s=[0-9]+-[0-9]+", "", response.text()))

    tab.page.route("**/v1/chat/completions", change)
    llm.script("Vegetarian meals are on the second counter [1].")
    tab.ask(LUNCH)
    tab.answer.locator("button.cite").click()

    expect(tab.page.locator("#source-text mark")).to_have_text(SECOND)


def test_link_of_the_panel_leads_to_the_page_with_the_sentence_marked(answered: Any) -> None:
    """The page of the source opens beside, with the same sentence marked, and complains of nothing."""
    answered.answer.get_by_role("button", name="Source 1").first.click()
    link = answered.page.get_by_role("link", name="Open as a page")
    assert "noopener noreferrer nofollow" == link.get_attribute("rel")
    with answered.page.context.expect_page() as opened:
        link.click()
    page = opened.value
    # A link without an opener moves the page to a process of its own; until it is there, it can't be loaded again.
    expect(page.get_by_role("heading", name="Cafeteria")).to_be_visible()
    page.wait_for_load_state()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    page.reload()

    expect(page.get_by_role("heading", name="Cafeteria")).to_be_visible()
    expect(page.locator("mark")).to_have_text(FIRST)
    assert [] == said


@pytest.mark.parametrize("span", ["9-3", "0-99999", "-4-9", "4-4", "a-b", "1-2-3", "٠-٩", ""])
def test_source_page_ignores_spans_that_are_none(service: Service, span: str) -> None:
    """A span outside the passage, or no span at all, marks nothing and breaks nothing."""
    passage = first_passage(service, "handbook/lunch.md")
    page = service.client.get(
        f"/v1/sources/{passage.id}", params={"s": span}, headers={"Accept": "text/html"}
    )
    assert 200 == page.status_code
    assert "<mark>" not in page.text


def test_link_to_a_passage_that_is_gone_is_explained(service: Service) -> None:
    """A person gets a page that says what happened, a program the error; both with the status 404."""
    page = service.client.get("/v1/sources/gone", headers={"Accept": "text/html"})
    error = service.client.get("/v1/sources/gone")

    assert (404, 404) == (page.status_code, error.status_code)
    assert "changed or deleted" in page.text
    assert "not_found" == error.json()["error"]["code"]


def test_source_page_counts_characters(service: Service, tab_of: Callable[..., Any]) -> None:
    """Characters beyond the basic plane count as one, on the page and in the panel alike."""
    text = "🛠️🛠️ Tools 🔧 are lent by the workshop. Bring them back <b>clean</b> & dry."
    service.serving.library.put(Document.create(uri="handbook/tools.md", title="Tools", text=text))
    passage = first_passage(service, "handbook/tools.md")
    quote = "Bring them back <b>clean</b> & dry."
    start = passage.text.index(quote)
    tab = tab_of(service)

    tab.page.goto(f"{service.url}/v1/sources/{passage.id}?s={start}-{start + len(quote)}")

    expect(tab.page.locator("mark")).to_have_text(quote)
    assert passage.text == tab.page.locator(".passage").inner_text()


def test_sources_that_were_not_cited_are_folded_away(tab: Any, llm: ScriptedLLM) -> None:
    """What the answer cites stands open, what was found beside it behind a summary."""
    llm.script("Lunch is from noon until two [1].")
    tab.ask(LUNCH)

    cited = tab.page.locator(".found > .sources .item")
    expect(cited).to_have_count(1)
    expect(cited).to_contain_text("Cafeteria")
    others = tab.page.locator("details.others")
    expect(others).to_contain_text("not cited")
    assert not others.get_by_role("button").first.is_visible()


def test_mark_of_an_unknown_source_is_not_shown(tab: Any, llm: ScriptedLLM) -> None:
    """Numbers that no source has stand nowhere, also beside one that has."""
    llm.script("Lunch is from noon until two [1, 44], see also [77].")
    tab.ask(LUNCH)

    expect(tab.answer).to_contain_text("see also.")
    expect(tab.answer.locator("button.cite")).to_have_count(1)


def test_source_that_is_gone_is_said(tab: Any, llm: ScriptedLLM, service: Service) -> None:
    """A passage whose document was deleted meanwhile is told as such, with how it began."""
    text = "The roof garden opens in May. It closes in October."
    document = Document.create(uri="handbook/roof.md", title="Roof garden", text=text)
    service.serving.library.put(document)
    question = "When does the roof garden open?"
    tab.page.wait_for_timeout(500)
    llm.script("In May [1].")
    tab.ask(question)
    service.serving.stores.documents.delete(document.id, tenant=document.tenant)

    tab.answer.get_by_role("button", name="Source 1: Roof garden").click()

    panel = tab.page.get_by_role("complementary", name="Source")
    expect(panel.get_by_role("alert")).to_contain_text("not there any more")
    expect(panel).to_contain_text("The roof garden opens in May.")
    tab.complaints.clear()  # the browser itself reports the 404


def test_thumbs_and_comment_are_kept(
    tab: Any, llm: ScriptedLLM, service: Service, interaction: Callable[[str], Any]
) -> None:
    """A rating is stored, shown, survives a reload and can be changed; a comment goes along with it."""
    question = "Where does the cafeteria serve vegetarian meals?"
    llm.script("On the second counter [1].")
    tab.ask(question)
    up = tab.page.get_by_role("button", name="Good answer")
    down = tab.page.get_by_role("button", name="Bad answer")
    up.click()
    expect(tab.page.get_by_text("Thank you.", exact=True)).to_be_visible()
    expect(up).to_have_attribute("aria-pressed", "true")

    tab.page.reload()
    expect(up).to_have_attribute("aria-pressed", "true")
    down.click()
    tab.page.get_by_label("What is wrong or missing?").fill("It does not say on which days.")
    tab.shot("comment")
    tab.page.get_by_role("button", name="Send comment").click()
    expect(tab.page.get_by_text("the comment is kept")).to_be_visible()

    expect(up).to_have_attribute("aria-pressed", "false")
    expect(down).to_have_attribute("aria-pressed", "true")
    said = [(each.rating, each.comment) for each in feedback(service, interaction(question))]
    assert [(1, ""), (-1, ""), (-1, "It does not say on which days.")] == said
    tab.page.reload()
    tab.page.get_by_role("button", name="Change the comment").click()
    expect(tab.page.locator(".comment textarea")).to_have_value("It does not say on which days.")


def test_judgement_that_was_not_heard_is_not_shown_as_given(tab: Any, llm: ScriptedLLM) -> None:
    """Where the service does not take a rating, the thumb goes up no longer, and the reason is said."""
    llm.script("From noon [1].")
    tab.ask(LUNCH)
    tab.page.route("**/v1/feedback", lambda route: route.abort())

    up = tab.page.get_by_role("button", name="Good answer")
    up.click()

    expect(tab.page.get_by_text(re.compile("^Not sent:"))).to_be_visible()
    expect(up).to_have_attribute("aria-pressed", "false")
    tab.complaints.clear()


def test_judgement_that_comes_too_early_is_sent_again(
    tab: Any, llm: ScriptedLLM, service: Service, interaction: Any
) -> None:
    """A service that cannot take a rating for a moment is asked again by itself, and then it is kept once."""
    question = "How long does the cafeteria serve lunch?"
    llm.script("Until two [1].")
    tab.ask(question)
    refused: list[int] = []

    def early(route: Any) -> None:
        if refused:
            route.continue_()
            return
        refused.append(503)
        body = {"error": {"message": "not yet", "type": "server_error", "param": None, "code": "unavailable"}}
        route.fulfill(status=503, json=body, headers={"Retry-After": "1"})

    tab.page.route("**/v1/feedback", early)
    tab.page.get_by_role("button", name="Good answer").click()

    expect(tab.page.get_by_text("Thank you.", exact=True)).to_be_visible()
    assert [1] == [each.rating for each in feedback(service, interaction(question))]
    assert [503] == refused
    tab.complaints.clear()


def test_judgement_on_an_answer_that_nobody_knows(tab: Any, llm: ScriptedLLM) -> None:
    """The reason speaks of the answer, not of a document."""
    llm.script("From noon [1].")
    tab.ask(LUNCH)
    error = {
        "error": {"message": "none", "type": "invalid_request_error", "param": None, "code": "not_found"}
    }
    tab.page.route("**/v1/feedback", lambda route: route.fulfill(status=404, json=error))

    tab.page.get_by_role("button", name="Bad answer").click()

    expect(tab.page.get_by_text("Not sent: The service does not know this answer")).to_be_visible()
    tab.complaints.clear()


def test_sentences_that_nothing_bears_out_are_underlined(tab: Any, llm: ScriptedLLM) -> None:
    """Exactly these are, whatever stands around them; it is said in words too, and copied text is the answer alone."""
    llm.script(
        "- The cafeteria serves lunch **from noon until two o'clock** [1].\n"
        "- 🍲 **Dinner** is served at midnight by 400 robots [1].\n\n"
        "| Meal | Place |\n|---|---|\n| Whales | are sold on the moon |\n"
    )
    tab.ask(QUESTION)

    marked = tab.answer.locator(".unsupported")
    expect(marked.first).to_be_visible()
    assert "Dinner is served at midnight by 400 robots." == "".join(
        tab.answer.locator("li").nth(1).locator(".unsupported").all_inner_texts()
    ).replace("🍲 ", "").replace(" .", ".")
    assert 0 == tab.answer.locator("li").first.locator(".unsupported").count()
    assert "No cited passage says this" == marked.first.get_attribute("title")
    expect(tab.answer.locator("li").nth(1)).to_contain_text("(no cited passage says this)")
    expect(tab.page.locator(".told-unsupported")).to_contain_text("said by no cited passage")
    assert ["Whales", "are sold on the moon"] == tab.answer.locator("td").all_inner_texts()[:2] or (
        tab.answer.locator("td .unsupported").count()
    )
    tab.shot("unsupported")


def test_brackets_of_a_quotation_are_no_sources(tab: Any, llm: ScriptedLLM) -> None:
    """A number in brackets that cites nothing is text, also where a passage has that number."""
    llm.script("Take `x[1]` and a[1]: the cafeteria serves lunch from noon until two o'clock [1].")
    tab.ask(QUESTION)

    expect(tab.answer.get_by_role("button", name="Source 1: Cafeteria").first).to_be_visible()
    assert 1 == tab.answer.locator(".cite").count()
    expect(tab.answer).to_contain_text("a[1]:")
