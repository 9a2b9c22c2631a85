// The sources of an answer: what the service told of them, the list below the answer, and the panel with the passage.

import { request, Failure } from "./client.js";
import { icon, linkable, make, outward } from "./dom.js";
import { Panel } from "./panel.js";

const text = (value) => (typeof value === "string" ? value : "");

/**
 * Read the sources out of a stream's last chunk: {number, passage, url, mentions, quotes, title, snippet, cited} each.
 *
 * `mentions` are the links of its marks in their order, each to the sentence that mark stands for. Whatever is missing
 * is left empty; a source whose passage is not named is left out.
 */
export function sourcesOf(last) {
  const told = last.whetstone ?? {};
  // What was looked at in vain is no source.
  if (told.status === "abstained") return [];
  const found = new Map();
  const results = Array.isArray(last.search_results) ? last.search_results : [];
  const links = Array.isArray(last.citations) ? last.citations : [];
  for (const hit of Array.isArray(told.hits) ? told.hits : []) {
    const at = hit.rank - 1;
    if (!results[at] || !text(hit.passage_id)) continue;
    const { title, snippet, url } = results[at];
    found.set(hit.rank, {
      number: hit.rank,
      passage: hit.passage_id,
      url: text(links[at]) || text(url),
      mentions: [],
      quotes: [],
      title: text(title),
      snippet: text(snippet),
      cited: false,
    });
  }
  for (const citation of Array.isArray(told.citations) ? told.citations : []) {
    const { number, passage_id: passage } = citation;
    if (!Number.isInteger(number) || !text(passage)) continue;
    const source = found.get(number) ?? { number, passage, url: "", mentions: [], quotes: [], title: "", snippet: "", cited: false };
    source.url = text(citation.url) || source.url;
    source.title ||= text(citation.title);
    source.cited = true;
    if (text(citation.quote)) source.quotes.push(citation.quote);
    found.set(number, source);
  }
  for (const annotation of Array.isArray(last.annotations) ? last.annotations : []) {
    const url = text(annotation?.url_citation?.url);
    for (const source of found.values()) {
      if (url.includes(`/v1/sources/${source.passage}`)) source.mentions.push(url);
    }
  }
  return [...found.values()].sort((a, b) => a.number - b.number);
}

/** Read what was looked at out of a stream's last chunk, where the documents do not say; as sources, without numbers. */
export function lookedAt(last) {
  const told = last.whetstone ?? {};
  const given = told.status === "abstained" && Array.isArray(told.looked_at) ? told.looked_at : [];
  return given
    .filter((each) => text(each.passage_id))
    .map((each) => ({
      number: null,
      passage: each.passage_id,
      url: text(each.url),
      mentions: [],
      quotes: [],
      title: text(each.title),
      snippet: "",
      cited: false,
    }));
}

/** The numbers that stand as marks in an answer. */
export function numbersIn(answer) {
  const marks = answer.matchAll(/\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g);
  return new Set([...marks].flatMap((mark) => mark[1].split(",").map(Number)));
}

/** Make the list below an answer: what it cites, and folded what was found beside. */
export function sourceList(sources, answer, open) {
  const numbers = numbersIn(answer);
  const isCited = (source) => source.cited || numbers.has(source.number);
  const cited = sources.filter(isCited);
  const others = sources.filter((source) => !isCited(source));
  const items = (given) => make("ol", { class: "sources" }, ...given.map((source) => item(source, open)));
  if (!cited.length && !others.length) return null;
  const list = make("div", { class: "found" });
  if (cited.length) list.append(make("h3", {}, cited.length === 1 ? "Source" : "Sources"), items(cited));
  if (others.length) {
    const passages = others.length === 1 ? "passage" : "passages";
    const summary = make("summary", {}, `${others.length} more ${passages} found, not cited`);
    list.append(make("details", { class: "others" }, summary, items(others)));
  }
  return list;
}

/** Make the list of what was looked at, which is no list of sources. */
export function lookedAtList(documents, open) {
  if (!documents.length) return null;
  const heading = make("h3", {}, "Looked at");
  return make("div", { class: "found looked" }, heading, make("ul", { class: "sources" }, ...documents.map((each) => item(each, open))));
}

function item(source, open) {
  const title = make("span", { class: "title" }, source.title || "Passage");
  const named = source.title || "passage";
  const label = source.number === null ? `Looked at: ${named}` : `Source ${source.number}: ${named}`;
  const button = make("button", { type: "button", class: "item", "aria-label": label }, title);
  if (source.number !== null) {
    button.prepend(make("span", { class: "number", "aria-hidden": "true" }, String(source.number)));
  }
  button.addEventListener("click", () => open(source, button));
  return make("li", {}, button);
}

/** The panel that shows a passage. */
export class SourcePanel {
  constructor() {
    this.title = document.getElementById("source-title");
    this.origin = document.getElementById("source-origin");
    this.text = document.getElementById("source-text");
    this.more = document.getElementById("source-more");
    this.opener = null;
    this.passages = new Map();
    this.panel = new Panel(
      document.getElementById("source"),
      document.getElementById("source-side"),
      document.getElementById("source-dialog"),
      "(min-width: 64rem)",
      { onClose: () => this.closed() },
    );
  }

  /** Open a source; `opener` gets the focus back, or what stands in its place then. Throws Failure. */
  async open(source, opener) {
    this.mark(null);
    this.opener = opener;
    this.mark(opener);
    this.title.textContent = source.title || (source.number === null ? "Passage" : `Source ${source.number}`);
    this.origin.replaceChildren();
    this.more.replaceChildren();
    this.text.replaceChildren(make("p", { class: "quiet" }, "Loading …"));
    this.panel.open();
    this.title.focus();
    try {
      const passage = await this.passage(source.passage);
      // Another one was opened meanwhile.
      if (this.opener === opener) this.show(source, passage);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (this.opener !== opener) return;
      this.text.replaceChildren(make("p", { class: "error", role: "alert" }, error.message));
      if (error.status === 401) throw error;
      if (source.snippet && error.status === 404) {
        this.text.append(make("p", { class: "quiet" }, "It began:"), make("p", {}, source.snippet));
      }
    }
  }

  close() {
    this.panel.close();
  }

  get isOpen() {
    return this.panel.isOpen;
  }

  show(source, passage) {
    this.title.textContent = passage.title || source.title || passage.uri;
    const href = linkable(passage.origin);
    this.origin.replaceChildren(href ? outward(href, passage.uri) : passage.uri);
    if (passage.locator) this.origin.append(` · ${passage.locator}`);
    const spans = marked(passage.text, source);
    this.text.replaceChildren(...highlighted(passage.text, spans));
    const page = new URL(source.url || `v1/sources/${encodeURIComponent(passage.passage_id)}`, document.baseURI).href;
    if (linkable(page)) this.more.replaceChildren(outward(page, "Open as a page ", icon("out")));
    const first = this.text.querySelector("mark");
    if (first) first.scrollIntoView({ block: "center", behavior: "instant" });
    else this.text.scrollTop = 0;
  }

  async passage(id) {
    if (!this.passages.has(id)) {
      const address = `v1/sources/${encodeURIComponent(id)}`;
      const response = await request(address, { headers: { Accept: "application/json" } });
      this.passages.set(id, await response.json());
    }
    return this.passages.get(id);
  }

  mark(opener) {
    (opener ?? this.opener)?.classList.toggle("open", Boolean(opener));
  }

  closed() {
    this.mark(null);
    const opener = this.opener?.isConnected ? this.opener : document.getElementById("question");
    this.opener = null;
    opener.focus();
  }
}

/** Give the [start, end] of what an answer relied on, in UTF-16 units: where its links say, else by its words. */
function marked(passage, source) {
  const links = source.mentions.length ? source.mentions : [source.url];
  const spans = links.map((link) => spanOf(link, passage)).filter((span) => span !== null);
  return spans.length ? spans : source.quotes.map((quote) => find(quote, passage)).filter((span) => span !== null);
}

function spanOf(link, passage) {
  const given = /[?&]s=(\d{1,9})-(\d{1,9})(?:&|#|$)/.exec(link);
  if (!given) return null;
  // The service counts characters, not halves of them.
  const characters = [...passage];
  const [start, end] = [Number(given[1]), Number(given[2])];
  if (start >= end || end > characters.length) return null;
  return [start, end].map((count) => characters.slice(0, count).join("").length);
}

function find(quote, passage) {
  if (!quote.trim()) return null;
  // A quote has single blanks where the passage may have line ends.
  const words = quote.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const match = new RegExp(words.join("\\s+")).exec(passage);
  return match && [match.index, match.index + match[0].length];
}

function highlighted(passage, spans) {
  const nodes = [];
  let from = 0;
  for (const [start, end] of spans.sort((a, b) => a[0] - b[0])) {
    if (start < from) continue; // two marks may stand for the same sentence
    nodes.push(passage.slice(from, start), make("mark", {}, passage.slice(start, end)));
    from = end;
  }
  nodes.push(passage.slice(from));
  return nodes;
}
