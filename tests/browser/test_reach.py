"""The chat page for everybody: keyboard alone, small screens, dark rooms, screen readers."""

from collections.abc import Callable
from typing import Any

import pytest
from doubles.scripted_llm import ScriptedLLM
from integration.conftest import Service
from playwright.sync_api import expect

LUNCH = "When does the cafeteria serve lunch?"
LONG = (
    "## Meals\n\nLunch is served **from noon until two** [1].\n\n"
    "| day | counter | kitchen | price | remark |\n|---|---|---|---|---|\n"
    "| Monday | second | vegetarian | 7.20 | without-any-possible-break-" + "x" * 60 + " |\n\n"
    "```python\nprint('" + "wide " * 40 + "')\n```\n\n- " + "unbroken" * 20 + "\n- second\n\n"
    "1. one\n2. two `code`\n"
)

_CONTRAST = """
(selectors) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (channels) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = channels.slice(0, 3).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgb(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgb(getComputedStyle(document.body).backgroundColor);
  };
  return selectors.map((selector) => {
    const element = document.querySelector(selector);
    if (!element) return [selector, 0];
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    return [selector, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}
"""


def test_keyboard_alone_does_everything(tab: Any, llm: ScriptedLLM) -> None:
    """Ask, write two lines, open a source, come back, rate, start over: no pointer is needed."""
    keys = tab.page.keyboard
    llm.script("From noon until two [1].")
    expect(tab.question).to_be_focused()
    keys.type("When does the cafeteria")
    keys.press("Shift+Enter")
    keys.type("serve lunch?")
    expect(tab.question).to_have_value("When does the cafeteria\nserve lunch?")
    keys.press("Enter")
    tab.wait_for_end()
    expect(tab.question).to_be_focused()

    reached = []
    for _ in range(30):
        keys.press("Shift+Tab")
        label = tab.page.evaluate("document.activeElement.getAttribute('aria-label')")
        reached.append(label)
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert "none" != tab.page.evaluate(outline), label
        if label == "Good answer":
            keys.press("Enter")
            expect(tab.page.get_by_role("button", name="Good answer")).to_have_attribute(
                "aria-pressed", "true"
            )
        if tab.page.evaluate("document.activeElement.matches('.text .cite')"):
            break
    assert {"Comment", "Bad answer", "Good answer", "Source 1: Cafeteria"} <= set(reached)
    keys.press("Enter")
    panel = tab.page.get_by_role("complementary", name="Source")
    expect(panel).to_contain_text("second counter")
    keys.press("Escape")
    expect(panel).to_be_hidden()
    keys.press("/")
    expect(tab.question).to_be_focused()
    keys.press("ArrowUp")
    expect(tab.question).to_have_value("When does the cafeteria\nserve lunch?")
    keys.press("Control+Shift+O")
    expect(tab.page.locator(".turn")).to_have_count(0)
    expect(tab.question).to_be_focused()


def test_enter_of_an_input_method_sends_nothing(tab: Any) -> None:
    """Enter while characters are composed chooses among them."""
    tab.question.fill("昼食")
    pressed = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true})"
    tab.question.evaluate(f"field => field.dispatchEvent({pressed})")

    expect(tab.page.locator(".turn")).to_have_count(0)
    expect(tab.question).to_have_value("昼食")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_everything_without_scrolling_sideways(
    service: Service, llm: ScriptedLLM, tab_of: Callable[..., Any], scheme: str
) -> None:
    """At 320 px nothing is wider than the screen; sources come up as a dialog, conversations from the side."""
    tab = tab_of(
        service, viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True, color_scheme=scheme
    ).open()
    llm.script(LONG)
    tab.shot(f"phone-{scheme}-start")

    def holds() -> bool:
        return bool(
            tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth && innerWidth === 320")
        )

    assert holds()
    tab.ask(LUNCH)
    assert holds()
    tab.page.evaluate("scrollTo(0, 0)")
    tab.shot(f"phone-{scheme}")
    tab.answer.locator("button.cite").first.tap()
    dialog = tab.page.get_by_role("dialog", name="Source")
    expect(dialog).to_contain_text("second counter")
    assert holds()
    tab.shot(f"phone-{scheme}-source")
    dialog.get_by_role("button", name="Close the source").tap()
    expect(dialog).to_be_hidden()
    tab.page.get_by_role("button", name="Conversations", exact=True).tap()
    drawer = tab.page.get_by_role("dialog", name="Conversations")
    expect(drawer).to_contain_text(LUNCH)
    assert holds()
    tab.shot(f"phone-{scheme}-conversations")
    tab.page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_keep_their_contrast(
    service: Service, llm: ScriptedLLM, tab_of: Callable[..., Any], scheme: str
) -> None:
    """Both themes come by themselves, and text has the contrast of WCAG AA (4.5) on its ground."""
    tab = tab_of(service, color_scheme=scheme).open()
    llm.script(LONG)
    tab.ask(LUNCH)
    tab.answer.locator("button.cite").first.click()
    expect(tab.page.locator("#source-text")).to_contain_text("second counter")
    tab.shot(f"wide-{scheme}")

    selectors = [
        "body", ".asked p", ".answer .text p", ".cite.open", ".found h3", ".item .title",
        ".others summary", ".hint", ".origin", ".keys dd", ".answer code", ".conversations .item", ".head h2",
        ".more a", "th", ".plain", ".sources .number",
    ]  # fmt: skip
    poor = [(selector, ratio) for selector, ratio in tab.page.evaluate(_CONTRAST, selectors) if ratio < 4.5]
    assert [] == poor
    background = tab.page.evaluate(
        f"({_CONTRAST})(['body']) && getComputedStyle(document.body).backgroundColor"
    )
    channels = [int(each) for each in background.removeprefix("rgb(").removesuffix(")").split(",")]
    assert ("light" if sum(channels) > 3 * 128 else "dark") == scheme


def test_theme_is_chosen_and_remembered(tab: Any) -> None:
    """The toggle overrules the system, survives a reload, and goes back to the system."""
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    assert "light dark" == tab.page.evaluate(scheme)
    tab.page.get_by_role("button", name="Theme: system").click()
    tab.page.get_by_role("button", name="Theme: light").click()
    assert "dark" == tab.page.evaluate(scheme)

    tab.page.reload()
    assert "dark" == tab.page.evaluate(scheme)
    tab.page.get_by_role("button", name="Theme: dark").click()
    assert "light dark" == tab.page.evaluate(scheme)


def test_screen_readers_hear_sentences(tab: Any, llm: ScriptedLLM) -> None:
    """A polite region gets the answer by whole sentences and its end; the answer itself is not live."""
    llm.script(llm.reply(text="Lunch is at noon [1]. It ends at two. Come early.", pause_s=0.05))
    tab.ask(LUNCH)

    spoken = tab.page.locator("#spoken")
    expect(spoken).to_have_attribute("aria-live", "polite")
    said = spoken.locator("p").all_inner_texts()
    assert ["Lunch is at noon [1].", "It ends at two.", "Come early."] == said[:3]
    assert said[-1].startswith("End of the answer")
    expect(tab.page.locator("#turns")).to_have_attribute("aria-live", "off")
    unnamed = """() => [...document.querySelectorAll("button, input, textarea, a")]
      .filter((each) => !(each.getAttribute("aria-label") || each.labels?.length || each.textContent.trim()))
      .map((each) => each.outerHTML)"""
    assert [] == tab.page.evaluate(unnamed)


def test_motion_is_left_out_for_those_who_want_none(service: Service, tab_of: Callable[..., Any]) -> None:
    """With reduced motion nothing moves; without, waiting does."""
    for preference, expected in (("reduce", "none"), ("no-preference", "breathe")):
        tab = tab_of(service, reduced_motion=preference).open()
        style = """() => {
          const dots = document.createElement("span");
          dots.className = "dots";
          document.body.append(dots);
          return getComputedStyle(dots, "::after").animationName;
        }"""
        assert expected == tab.page.evaluate(style)
