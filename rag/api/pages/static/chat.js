// The chat page: asking, stopping, and which conversation is shown.

import { ask, Failure } from "./client.js";
import * as conversations from "./conversations.js";
import { opened } from "./feedback.js";
import { askForKey, currentKey } from "./key.js";
import { Sidebar } from "./sidebar.js";
import { SourcePanel, sourcesOf } from "./sources.js";
import { Speaker, TurnView } from "./turns.js";

const MOST_TURNS_SENT = 12;
const MOST_SENT = 24_000; // characters of earlier turns

const at = (id) => document.getElementById(id);
const question = at("question");
const send = at("send");
const stop = at("stop");
const turns = at("turns");
const speaker = new Speaker(at("spoken"));
const sources = new SourcePanel();
const sidebar = new Sidebar({
  open: (id) => {
    if (id !== conversation.id) showAll(conversations.find(id) ?? conversations.fresh());
    focusQuestion();
  },
  removed: (id) => {
    if (id === null) startOver();
    else if (id === conversation.id) showAll(conversations.fresh());
  },
});

let conversation = conversations.opened();
let views = [];
let running = null; // AbortController of the answer that comes

async function submit(text) {
  const turn = { question: text, answer: "", state: "asked", at: Date.now() };
  conversation.turns.push(turn);
  show(turn);
  await answer(turn);
}

async function retry(turn) {
  if (running) return;
  Object.assign(turn, { answer: "", state: "asked", failure: null, told: null, interaction: null, said: {} });
  focusQuestion();
  // What followed rested on another answer; it stays, but the new one does not see it.
  await answer(turn, conversation.turns.indexOf(turn));
}

async function answer(turn, upTo = conversation.turns.length - 1) {
  const asked = conversation;
  const view = views.find((each) => each.turn === turn);
  const controller = new AbortController();
  running = controller;
  busy(true);
  speaker.begin();
  view.draw();
  keep(asked);
  toEnd();
  let frame = 0;
  const redraw = () => {
    frame = 0;
    const atEnd = isAtEnd();
    view.drawText();
    speaker.follow(turn.answer);
    if (atEnd) toEnd();
  };
  try {
    for await (const { interaction, text, last } of keyed(messages(asked, upTo), controller.signal)) {
      if (interaction) turn.interaction = interaction;
      if (text) turn.answer += text;
      if (text && !frame) frame = requestAnimationFrame(redraw);
      if (last) {
        const { whetstone, citations, search_results } = last;
        turn.told = { whetstone, citations, search_results, annotations: last.choices?.[0]?.delta?.annotations };
        turn.interaction = last.whetstone.interaction_id ?? turn.interaction;
      }
    }
    turn.state = "done";
  } catch (error) {
    if (error.name === "AbortError") turn.state = "stopped";
    else {
      // A slip of this page itself is said as well, and stands in the console.
      if (!(error instanceof Failure)) console.error(error);
      const failure = error instanceof Failure ? error : new Failure("Something went wrong on this page.");
      turn.failure = { message: failure.message, detail: failure.detail, retryAfter: failure.retryAfter };
      turn.state = "failed";
    }
  } finally {
    cancelAnimationFrame(frame);
    running = null;
    busy(false);
    const atEnd = isAtEnd();
    view.draw();
    if (asked === conversation) {
      if (atEnd) toEnd();
      speaker.end(turn.answer, closing(turn));
    }
    keep(asked);
  }
}

/** Ask, and ask for a key where the service wants one, as often as it does. */
async function* keyed(sent, signal) {
  for (;;) {
    try {
      yield* ask(sent, signal);
      return;
    } catch (error) {
      if (error.status !== 401) throw error;
      const complaint = currentKey() ? "The service does not accept this key." : "";
      if (!(await askForKey(complaint))) throw new Failure("Without a key this service does not answer.");
      question.focus();
    }
  }
}

/** The conversation as the API wants it; turns without an answer are left out, and the oldest where it gets long. */
function messages(asked, upTo) {
  const earlier = asked.turns.slice(0, upTo).filter((turn) => turn.answer && turn.state !== "failed");
  let left = MOST_SENT;
  const sent = [];
  for (const turn of earlier.slice(-MOST_TURNS_SENT).reverse()) {
    left -= turn.question.length + turn.answer.length;
    if (left < 0) break;
    sent.unshift({ role: "user", content: turn.question }, { role: "assistant", content: turn.answer });
  }
  return [...sent, { role: "user", content: asked.turns[upTo].question }];
}

function closing(turn) {
  if (turn.state === "stopped") return "Stopped.";
  if (turn.state === "failed") return "";
  const count = sourcesOf(turn.told ?? {}).filter((source) => source.cited).length;
  return count ? `End of the answer, ${count} ${count === 1 ? "source" : "sources"}.` : "End of the answer.";
}

function busy(is) {
  stop.hidden = !is;
  send.hidden = is;
  if (!is) ready();
}

function ready() {
  send.disabled = !question.value.trim();
  // Grows with its text; the style sheet holds the limits.
  question.rows = Math.min(8, question.value.split("\n").length);
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (!text || running) return;
  question.value = "";
  ready();
  focusQuestion();
  submit(text);
});

stop.addEventListener("click", () => {
  running?.abort();
  question.focus();
});

function show(turn) {
  const view = new TurnView(turn, { open: openSource, retry, changed: () => keep(conversation) });
  views.push(view);
  turns.append(view.element);
  at("welcome").hidden = true;
}

function showAll(next) {
  running?.abort();
  sources.close();
  conversation = next;
  conversations.open(conversation);
  views = [];
  turns.replaceChildren();
  at("spoken").replaceChildren();
  at("welcome").hidden = conversation.turns.length > 0;
  conversation.turns.forEach(show);
  document.title = conversation.turns.length ? `${conversations.titleOf(conversation)} – Whetstone` : "Whetstone";
  sidebar.draw(conversation);
  toEnd();
}

async function openSource(turn, source, opener) {
  // To look at what did not answer says nothing of what would.
  if (source.number !== null) opened(turn, source.passage, () => keep(conversation));
  try {
    await sources.open(source, opener);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const complaint = currentKey() ? "The service does not accept this key." : "";
    if (await askForKey(complaint)) await openSource(turn, source, opener);
  }
}

let unkept = false;

function keep(which) {
  // A conversation deleted while its answer came stays deleted.
  if (which !== conversation && !conversations.find(which.id)) return;
  const kept = conversations.keep(which);
  if (!kept && !unkept) console.warn("This browser has no room for the conversation; it lasts as long as the page.");
  unkept = !kept;
  if (which === conversation) document.title = `${conversations.titleOf(conversation)} – Whetstone`;
  sidebar.draw(conversation);
}

function isAtEnd() {
  const page = document.scrollingElement;
  return page.scrollHeight - page.scrollTop - page.clientHeight < 80;
}

function toEnd() {
  const page = document.scrollingElement;
  page.scrollTop = page.scrollHeight;
}

function startOver() {
  showAll(conversations.fresh());
  sidebar.leave();
  focusQuestion();
}

function focusQuestion() {
  // On a phone this would raise the keyboard over what is to be read.
  if (matchMedia("(pointer: fine)").matches) question.focus();
  else question.blur();
}

at("new-conversation").addEventListener("click", startOver);
at("to-end").addEventListener("click", () => {
  toEnd();
  question.focus();
});
addEventListener("scroll", () => (at("to-end").hidden = isAtEnd()), { passive: true });

conversations.watch((id) => {
  // Another tab has gone on with this conversation, or deleted it.
  if ((id === null || id === conversation.id) && !running) showAll(conversations.find(conversation.id) ?? conversations.fresh());
  else sidebar.draw(conversation);
});

question.addEventListener("input", ready);
question.addEventListener("keydown", (event) => {
  // An input method uses Enter to choose among characters.
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    at("ask").requestSubmit();
  } else if (event.key === "ArrowUp" && !question.value && conversation.turns.length) {
    event.preventDefault();
    question.value = conversation.turns.at(-1).question;
    ready();
  }
});

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest?.("textarea, input");
  if (event.key === "Escape") {
    if (running) {
      running.abort();
      question.focus();
    } else sources.close();
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    question.focus();
  } else if (event.code === "KeyO" && event.shiftKey && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    startOver();
  }
});

showAll(conversation);
ready();
focusQuestion();
