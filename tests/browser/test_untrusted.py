"""What models, documents and addresses may not do to the pages."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from doubles.scripted_llm import ScriptedLLM
from integration.conftest import Service
from playwright.sync_api import expect

from rag.domain import Document

LUNCH = "When does the cafeteria serve lunch?"

HOSTILE = """\
# Heading <img src=x onerror=alert(1)>

<script>alert(2)</script><iframe srcdoc="<script>alert(3)</script>"></iframe>

![picture](http://192.0.2.1/steal?q=secret) and ![local](/v1/models)

- [click](javascript:alert(4)) and [data](data:text/html,<script>alert(5)</script>)
- [fine](https://example.org/a_b?c=(d)) and https://example.org/path.
- <a href="javascript:alert(6)" onclick="alert(7)">link</a>

| a | <b onmouseover=alert(8)>b</b> |
|---|---|
| `<svg onload=alert(9)>` | **bold** |

```html
<img src=x onerror=alert(10)>
```

<style>body { display: none }</style> [1](javascript:alert(11)) [1] <details open ontoggle=alert(12)>
"""


def test_hostile_answer_executes_nothing(tab: Any, llm: ScriptedLLM) -> None:
    """Markup of an answer is shown as text; only http and https become links; nothing else is asked for.

    The tab itself holds that nothing was complained of, no dialog opened, and no other host was asked.
    """
    llm.script(llm.reply(text=HOSTILE, pause_s=0.002))
    tab.ask(LUNCH)
    tab.page.wait_for_timeout(300)

    links = tab.answer.locator("a").evaluate_all("links => links.map((each) => each.href)")
    assert all(link.startswith("https://example.org/") for link in links)
    assert "https://example.org/path" in links
    assert 0 == tab.answer.locator("img, script, iframe, style, svg, details, b").count()
    expect(tab.answer).to_contain_text("<script>alert(2)</script>")
    expect(tab.answer.locator("pre code")).to_have_text("<img src=x onerror=alert(10)>")
    expect(tab.answer.locator("td code")).to_have_text("<svg onload=alert(9)>")
    expect(tab.answer.locator("td strong")).to_have_text("bold")
    attributes = (
        "nodes => nodes.flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith('on'))"
    )
    assert [] == tab.answer.locator("*").evaluate_all(attributes)
    paths = {re.sub(r"\?.*", "", each.url.removeprefix(tab.url)) for each in tab.requests}
    assert "/v1/models" not in paths


def test_hostile_answer_stays_harmless_after_a_reload(tab: Any, llm: ScriptedLLM) -> None:
    """What was kept in the browser is drawn by the same rules, titles in the list included."""
    llm.script(HOSTILE)
    tab.ask("<img src=x onerror=alert(1)> When does the cafeteria serve lunch?")
    before = tab.answer.inner_html()

    tab.page.reload()
    tab.page.wait_for_timeout(200)

    assert before == tab.answer.inner_html()
    assert 0 == tab.page.locator("img:not(.brand img)").count()


def test_hostile_document_executes_nothing(tab: Any, llm: ScriptedLLM, service: Service) -> None:
    """Title, uri and text of a passage are shown as text in the list, in the panel and on the source's page."""
    document = Document.create(
        uri="javascript:alert('uri')",
        title="<img src=x onerror=alert('title')> Zeppelins",
        text="Zeppelins land on the meadow behind the canteen. <script>alert('text')</script></div><b>bold</b>",
    )
    service.serving.library.put(document)
    tab.page.wait_for_timeout(500)
    llm.script("On the meadow [1].")
    tab.ask("Where do zeppelins land?")
    tab.answer.locator("button.cite").click()

    panel = tab.page.get_by_role("complementary", name="Source")
    expect(panel.locator(".passage")).to_contain_text("<script>alert('text')</script></div><b>bold</b>")
    expect(panel.locator(".origin")).to_have_text("javascript:alert('uri')")
    assert 0 == panel.locator(".origin a, img, b, script").count()
    href = panel.get_by_role("link", name="Open as a page").get_attribute("href")
    tab.page.goto(href)
    expect(tab.page.locator(".passage")).to_contain_text("<b>bold</b>")
    assert 0 == tab.page.locator("main img, main b, main script, main a").count()


def test_no_answer_keeps_the_page_busy(tab: Any) -> None:
    """Twenty thousand characters made to be slow to parse are drawn within the blink of a second each."""
    module = next(each.url for each in tab.requests if each.url.endswith("/markdown.js"))
    slow = tab.page.evaluate(
        r"""async (module) => {
          const { blocks, draw } = await import(module);
          const n = 20000;
          const texts = {
            emphasis: "**a*a_a".repeat(n / 7), brackets: "[".repeat(n), links: "[a](http://x".repeat(n / 12),
            ticks: "``a`".repeat(n / 4), quotes: "> ".repeat(n / 2), pipes: "a|b\n" + "-|".repeat(n / 2) + "x",
            table: "|a|\n|-|\n" + "|".repeat(n), rules: "- ".repeat(n / 2) + "x", heading: "# " + "#".repeat(n) + "x",
            blanks: "# a" + " ".repeat(n) + "b", fences: "```\n".repeat(n / 4), marks: "[1" + " ".repeat(n) + ",",
            lists: Array.from({ length: 400 }, (_, i) => " ".repeat(Math.min(i, 60)) + "- x").join("\n"),
          };
          return Object.entries(texts).map(([name, text]) => {
            const began = performance.now();
            blocks(text).forEach((block) => draw(block, () => null));
            return [name, performance.now() - began];
          }).filter(([, ms]) => ms > 1000);
        }""",
        module,
    )
    assert [] == slow


def test_tampered_storage_is_left_aside(tab: Any) -> None:
    """Records of another make in the browser's storage do not stop the page."""
    tab.page.evaluate(
        """() => {
          localStorage.setItem("whetstone.conversation.x", "{not json");
          localStorage.setItem("whetstone.conversation.y", JSON.stringify({version: 1, id: "y", turns: [{}]}));
          localStorage.setItem("whetstone.conversation.z", JSON.stringify({version: 99}));
          localStorage.setItem("whetstone.theme", "<b>");
        }"""
    )
    tab.page.reload()

    expect(tab.question).to_be_focused()
    expect(tab.page.locator("#conversation-list li")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/v1/sources/{passage}"])
def test_pages_say_what_they_may_do(service: Service, path: str) -> None:
    """Each page allows scripts and styles from here only, none inline, and no frame, form or base."""
    document = Document.id_for(service.serving.settings.tenant, "handbook/lunch.md")
    passage = service.serving.stores.documents.passages_of([document])[document][0]
    page = service.client.get(path.format(passage=passage.id), headers={"Accept": "text/html"})

    policy = dict(
        directive.strip().partition(" ")[::2]
        for directive in page.headers["content-security-policy"].split(";")
    )
    assert {"'none'"} == {
        policy[name] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")
    }
    assert {"'self'"} == {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src")}
    assert "'script'" == policy["require-trusted-types-for"]
    assert "nosniff" == page.headers["x-content-type-options"]
    assert "no-referrer" == page.headers["referrer-policy"]
    assert "same-origin" == page.headers["cross-origin-opener-policy"]
    assert None is re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|https?://", page.text)


def test_static_files_are_kept_for_good_and_nothing_else_is_given(service: Service) -> None:
    """A file under today's digest may be kept for ever, under another one not; no path leads out of the folder."""
    page = service.client.get("/").text
    (style,) = re.findall(r'href="(static/\w+/chat\.css)"', page)
    given = service.client.get(f"/{style}")
    assert "public, max-age=31536000, immutable" == given.headers["cache-control"]
    assert "text/css; charset=utf-8" == given.headers["content-type"]
    assert "nosniff" == given.headers["x-content-type-options"]
    assert "no-cache" == service.client.get("/static/0123/chat.css").headers["cache-control"]

    digest = style.split("/")[1]
    for name in (
        "../page.py",
        "..%2Fpage.py",
        "%2e%2e/page.py",
        "..%5cpage.py",
        "/etc/passwd",
        "%00",
        "chat.html",
        "",
    ):
        # As it stands: the client would tidy the dots away.
        url = httpx.URL(service.url).copy_with(raw_path=f"/static/{digest}/{name}".encode())
        assert 404 == service.client.get(url).status_code, name


def test_pages_work_behind_a_prefix(service: Service, tab_of: Callable[..., Any]) -> None:
    """Every address on the page is relative, so that a proxy may serve it below a path."""
    tab = tab_of(service)

    def forward(route: Any) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace("/deep/prefix", "")))

    tab.page.route("**/deep/prefix/**", forward)
    tab.page.goto(f"{service.url}/deep/prefix/")
    tab.ask("Where does the cafeteria put vegetarian meals?")

    expect(tab.answer.locator("button.cite").first).to_be_visible()
    paths = {each.url.removeprefix(service.url) for each in tab.requests}
    assert all(path.startswith("/deep/prefix/") for path in paths), paths
