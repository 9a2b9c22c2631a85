// One question and its answer, on the page.

import { iconButton, make } from "./dom.js";
import { judgement } from "./feedback.js";
import { blocks, draw } from "./markdown.js";
import { lookedAt, lookedAtList, sourceList, sourcesOf } from "./sources.js";

/** Draws a turn, again whenever it has changed. */
export class TurnView {
  /**
   * `turn` is what conversations.js keeps; `acts` has open(turn, source, opener), retry(turn), changed().
   */
  constructor(turn, acts) {
    this.turn = turn;
    this.acts = acts;
    this.drawn = []; // {block, node} of the answer so far
    this.notes = make("div", { class: "notes" });
    this.text = make("div", { class: "text" });
    this.below = make("div", { class: "below" });
    this.answer = make("div", { class: "answer", role: "group", "aria-label": "Answer" }, this.notes, this.text, this.below);
    const question = make("div", { class: "asked" }, make("h2", { class: "unseen" }, "Question"), make("p", {}, turn.question));
    this.element = make("article", { class: "turn" }, question, this.answer);
    this.draw();
  }

  /** Draw whatever the turn's state is. */
  draw() {
    const { turn } = this;
    const waiting = turn.state === "asked";
    this.answer.setAttribute("aria-busy", String(waiting));
    this.element.dataset.state = turn.state;
    const told = turn.told?.whetstone ?? {};
    this.element.classList.toggle("abstained", told.status === "abstained");
    this.drawNotes(told);
    this.drawText();
    this.drawBelow();
  }

  /** Draw the text alone: what is cheap enough for each piece that arrives. */
  drawText() {
    const { turn } = this;
    if (turn.state === "asked" && !turn.answer) {
      this.drawn = [];
      this.text.replaceChildren(make("p", { class: "waiting quiet" }, "Reading the documents", make("span", { class: "dots" })));
      return;
    }
    const sources = turn.state === "asked" ? null : new Map(sourcesOf(turn.told ?? {}).map((each) => [each.number, each]));
    const seen = new Map();
    const cite = (number) => {
      const count = seen.get(number) ?? 0;
      seen.set(number, count + 1);
      return this.cite(number, count, sources);
    };
    if (!this.drawn.length || sources) {
      this.drawn = [];
      this.text.replaceChildren();
    }
    const unsupported = sources ? unsupportedOf(turn.told) : [];
    const now = blocks(sources ? prepared(shown(turn), turn.told, unsupported) : shown(turn));
    let same = 0;
    while (same < Math.min(now.length, this.drawn.length) && now[same].source === this.drawn[same].block.source) same += 1;
    for (const { node } of this.drawn.splice(same)) node.remove();
    for (const block of now.slice(same)) {
      const node = draw(block, cite);
      this.drawn.push({ block, node });
      this.text.append(node);
    }
    if (sources) underline(this.text);
  }

  /** Make the mark of a source, or null where there is none; `count` is how often it was cited before. */
  cite(number, count, sources) {
    // Until the answer is complete nobody knows where its marks lead.
    if (!sources) return make("span", { class: "cite pending" }, String(number));
    const source = sources.get(number);
    if (!source) return null;
    const label = `Source ${number}: ${source.title || "passage"}`;
    const button = make("button", { type: "button", class: "cite", "aria-label": label, title: source.title || null }, String(number));
    const link = source.mentions[count];
    const cited = link ? { ...source, url: link, mentions: [link] } : source;
    button.addEventListener("click", () => this.acts.open(this.turn, cited, button));
    return button;
  }

  drawNotes(told) {
    const notes = [];
    if (told.rewritten) notes.push(make("p", { class: "quiet searched" }, "Searched for: ", make("q", {}, String(told.rewritten))));
    if (told.degraded) {
      notes.push(make("p", { class: "notice" }, "The language model is out of order. These are sentences quoted from the documents."));
    }
    // Where the words alone found enough, nobody needs to hear of the language.
    if (told.language_unknown && (told.status === "abstained" || told.support?.weak)) notes.push(make("p", { class: "notice" }, UNKNOWN));
    this.notes.replaceChildren(...notes);
  }

  drawBelow() {
    const { turn } = this;
    const below = [];
    if (turn.state === "failed") below.push(this.failed());
    if (turn.state === "stopped") below.push(this.stopped());
    if (turn.state === "done") {
      const told = turn.told?.whetstone ?? {};
      const open = (source, opener) => this.acts.open(turn, source, opener);
      if (told.status === "abstained") below.push(...inVain(turn, told, open));
      if (told.status === "answered" && told.support?.weak) {
        below.push(make("p", { class: "quiet weak" }, "This answer is weakly supported. See in its sources whether it is about your question."));
      }
      const count = unsupportedOf(turn.told).length;
      if (count) {
        const which = count === 1 ? "The underlined sentence is" : `${count} underlined sentences are`;
        below.push(make("p", { class: "quiet told-unsupported" }, `${which} said by no cited passage. Check before relying on ${count === 1 ? "it" : "them"}.`));
      }
      const list = sourceList(sourcesOf(turn.told ?? {}), turn.answer, open);
      if (list) below.push(list);
    }
    if (turn.state === "done" || (turn.state === "stopped" && turn.answer)) below.push(...this.judged());
    this.below.replaceChildren(...below);
  }

  judged() {
    const { turn } = this;
    const extra = [];
    if (navigator.clipboard) extra.push(this.copy());
    if (turn.interaction) return [judgement(turn, { changed: () => this.acts.changed(), extra })];
    return extra.length ? [make("div", { class: "row" }, ...extra)] : [];
  }

  copy() {
    const button = iconButton("copy", "Copy the answer");
    button.addEventListener("click", async () => {
      let said = "Copied";
      try {
        await navigator.clipboard.writeText(this.turn.answer);
      } catch {
        said = "The browser does not allow copying";
      }
      button.setAttribute("aria-label", said);
      button.title = said;
      button.classList.add("on");
      setTimeout(() => {
        button.setAttribute("aria-label", "Copy the answer");
        button.title = "Copy the answer";
        button.classList.remove("on");
      }, 2000);
    });
    return button;
  }

  failed() {
    const { failure } = this.turn;
    const when = failure.retryAfter > 1 ? ` Try again in ${failure.retryAfter} seconds.` : "";
    const box = make("div", { class: "failure", role: "alert" }, make("p", {}, failure.message + when));
    if (failure.detail && failure.detail !== failure.message) box.append(make("p", { class: "quiet" }, failure.detail));
    box.append(this.again("Try again"));
    return box;
  }

  stopped() {
    return make("div", { class: "row" }, make("span", { class: "quiet" }, "Stopped."), this.again("Ask again"));
  }

  again(label) {
    const button = make("button", { type: "button", class: "plain again" }, label);
    button.addEventListener("click", () => this.acts.retry(this.turn));
    return button;
  }
}

// Stand in the text for where a sentence begins and ends that nothing bears out, and within brackets that cite nothing.
const BEGIN = "\uE000";
const END = "\uE001";
const APART = "\uE002";
const SIGNS = /([\uE000-\uE002])/;
// What stands before the first word of an item, a row or a heading.
const LEAD = /^(?:[\s|>]|[-*+•]\s+|#{1,6}\s+|\d{1,9}[.)]\s+)*/;
const UNSUPPORTED = "No cited passage says this";

function unsupportedOf(told) {
  const found = told?.whetstone?.unsupported;
  return Array.isArray(found) ? found.filter((each) => Number.isInteger(each?.start) && each.start < each.end) : [];
}

/** Put signs into an answer: around the sentences that nothing bears out, and into brackets that are no citation. */
function prepared(answer, told, unsupported) {
  // The service counts characters, and a browser's strings do not.
  const chars = Array.from(answer.replaceAll(new RegExp(SIGNS, "g"), " "));
  const signs = new Map();
  for (const { start, end } of unsupported) {
    const text = chars.slice(start, end).join("");
    const lead = Array.from(LEAD.exec(text)[0]).length;
    const last = Array.from(text.replace(/[\s|]+$/, "")).length;
    if (last <= lead) continue;
    signs.set(start + lead, (signs.get(start + lead) ?? "") + BEGIN);
    signs.set(start + last, END + (signs.get(start + last) ?? ""));
  }
  const annotations = told?.annotations;
  if (Array.isArray(annotations)) {
    const cited = new Set(annotations.map((each) => each?.url_citation?.start_index));
    chars.forEach((char, at) => {
      const number = char === "[" && !cited.has(at) && /^\[\d{1,3}(?:\s*,\s*\d{1,3})*\]/.test(chars.slice(at, at + 24).join(""));
      if (number) signs.set(at + 1, (signs.get(at + 1) ?? "") + APART);
    });
  }
  if (!signs.size) return answer;
  return chars.map((char, at) => (signs.get(at) ?? "") + char).join("") + (signs.get(chars.length) ?? "");
}

/** Underline what stands between the signs, say it to screen readers, and take the signs out. */
function underline(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  let inside = false;
  for (const node of nodes) {
    const parts = node.data.split(SIGNS);
    if (parts.length === 1 && !inside) continue;
    const mark = node.parentElement.closest(".marks");
    const made = [];
    for (const part of parts) {
      if (part === BEGIN) inside = true;
      else if (part === END) {
        if (inside) made.push(make("span", { class: "unseen" }, ` (${UNSUPPORTED.toLowerCase()}) `));
        inside = false;
      } else if (part && part !== APART) {
        const marked = inside && !mark && part.trim();
        made.push(marked ? make("span", { class: "unsupported", title: UNSUPPORTED }, part) : part);
      }
    }
    node.replaceWith(...made);
  }
}

const UNKNOWN =
  "The search does not know the language of this question well, so it may have missed what is there. " +
  "If the documents are in another language, ask in that one.";

/** The answer's text as it is drawn: what was looked at stands below it, as links. */
function shown(turn) {
  if (!lookedAt(turn.told ?? {}).length) return turn.answer;
  const [plain] = turn.answer.split(/\s+Looked at: /, 1);
  return plain;
}

/** What stands below the sentence that the documents do not say. */
function inVain(turn, told, open) {
  const list = lookedAtList(lookedAt(turn.told ?? {}), open);
  if (list) return [list, make("p", { class: "quiet" }, "None of it is close enough to the question. Other words may find more.")];
  if (told.hits?.length) return [make("p", { class: "quiet" }, "Nothing in the documents is close enough. Other words may find it.")];
  const command = make("code", {}, "whetstone ingest");
  return [make("p", { class: "quiet" }, "Whoever runs this service adds documents with ", command, ".")];
}

/** Says an answer to screen readers sentence by sentence: a growing text read anew with each word helps nobody. */
export class Speaker {
  constructor(region) {
    this.region = region;
    this.said = 0;
  }

  begin() {
    this.said = 0;
    this.region.replaceChildren();
  }

  follow(answer) {
    const ends = [...answer.slice(this.said).matchAll(/[.!?:](?:["”’)\]]|\s?\[[\d, ]+\])*\s|\n/g)];
    const last = ends.at(-1);
    if (last) this.say(answer, this.said + last.index + last[0].length);
  }

  end(answer, closing) {
    this.say(answer, answer.length);
    this.region.append(make("p", {}, closing));
  }

  say(answer, until) {
    const text = answer.slice(this.said, until).replace(/[*`#>|]+/g, " ").replace(/\s+/g, " ").trim();
    this.said = until;
    if (text) this.region.append(make("p", {}, text));
  }
}
