// What a person thinks of an answer: thumbs, a comment, and which sources were opened.

import { post, Failure } from "./client.js";
import { iconButton, make } from "./dom.js";

const LONGEST = 4000;
const TRIES = 3;
const LONGEST_WAIT_S = 5;

// What the client says of failures is about questions.
const PLAIN = {
  400: "The service cannot use this as it is.",
  404: "The service does not know this answer, or not any more.",
  429: "Too much in a short time; try again in a moment.",
  503: "The service cannot take it right now; try again in a moment.",
};
let forms = 0;

/**
 * Make the row of buttons below an answer, and the comment's form.
 *
 * `turn.said` keeps what was said; `changed` is called when it has changed; `send` sends a judgement and throws Failure.
 */
export function judgement(turn, { changed, extra = [] }) {
  turn.said ??= {};
  const said = turn.said;
  const up = iconButton("up", "Good answer");
  const down = iconButton("down", "Bad answer");
  const note = iconButton("note", "Comment", { "aria-expanded": "false" });
  const status = make("span", { class: "quiet", role: "status" });
  const row = make("div", { class: "row" }, up, down, note, ...extra, status);
  const form = commentForm();
  const whole = make("div", { class: "judgement" }, row, form.element);

  const show = () => {
    up.setAttribute("aria-pressed", String(said.rating === 1));
    down.setAttribute("aria-pressed", String(said.rating === -1));
    note.classList.toggle("on", Boolean(said.comment));
    const label = said.comment ? "Change the comment" : "Comment";
    note.setAttribute("aria-label", label);
    note.title = label;
  };
  const unfold = (open) => {
    form.element.hidden = !open;
    note.setAttribute("aria-expanded", String(open));
  };
  const send = async (judged, thanks) => {
    const before = { ...said };
    Object.assign(said, judged);
    show();
    status.classList.remove("error");
    try {
      await tell(turn.interaction, judged);
      status.textContent = thanks;
      changed();
      return true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // What was not heard must not look as if it had been.
      for (const name of Object.keys(judged)) said[name] = before[name];
      show();
      status.textContent = `Not sent: ${error.message}`;
      status.classList.add("error");
      return false;
    }
  };

  for (const [button, rating] of [[up, 1], [down, -1]]) {
    button.addEventListener("click", async () => {
      if (said.rating === rating) return unfold(form.element.hidden);
      if (await send({ rating }, "Thank you.")) {
        form.ask(rating);
        unfold(true);
      }
    });
  }
  note.addEventListener("click", () => {
    unfold(form.element.hidden);
    if (form.element.hidden) return;
    form.ask(said.rating);
    form.field.value = said.comment ?? "";
    form.field.focus();
  });
  form.element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const comment = form.field.value.trim();
    if (!comment) return form.field.focus();
    // The rating goes along: the newest word on an answer is whole.
    const judged = said.rating ? { comment, rating: said.rating } : { comment };
    if (await send(judged, "Thank you, the comment is kept.")) {
      unfold(false);
      note.focus();
    }
  });
  const dismiss = () => {
    unfold(false);
    note.focus();
  };
  form.cancel.addEventListener("click", dismiss);
  form.element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    dismiss();
  });
  show();
  return whole;
}

/** Tell the service that a source was opened, once for each. */
export async function opened(turn, passage, changed) {
  turn.said ??= {};
  const seen = (turn.said.opened ??= []);
  if (!turn.interaction || seen.includes(passage)) return;
  seen.push(passage);
  try {
    await tell(turn.interaction, { clicked_passage: passage });
    changed();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Nobody waits for this; the next time it is opened it is told again.
    seen.splice(seen.indexOf(passage), 1);
  }
}

/** Send a judgement; one that comes too early, or too late for a service that is about to stop, is sent again. */
async function tell(interaction, judged) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await post("v1/feedback", { interaction_id: interaction, ...judged });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.status === 503 && error.retryAfter !== null && tried < TRIES) {
        const seconds = Math.min(error.retryAfter, LONGEST_WAIT_S);
        await new Promise((done) => setTimeout(done, seconds * 1000));
        continue;
      }
      const { status, detail, retryAfter } = error;
      throw new Failure(PLAIN[status] ?? error.message, { status, detail, retryAfter });
    }
  }
}

function commentForm() {
  forms += 1;
  const id = `comment-${forms}`;
  const label = make("label", { for: id });
  const field = make("textarea", { id, rows: "3", maxlength: String(LONGEST) });
  const cancel = make("button", { type: "button", class: "plain" }, "Not now");
  const submit = make("button", { type: "submit", class: "main" }, "Send comment");
  const actions = make("div", { class: "actions" }, make("span", { class: "gap" }), cancel, submit);
  const element = make("form", { class: "comment", hidden: true, autocomplete: "off" }, label, field, actions);
  const ask = (rating) => {
    const missing = rating === -1 ? "What is wrong or missing?" : "What should we know about this answer?";
    label.textContent = rating === 1 ? "What was good about it?" : missing;
  };
  ask();
  return { element, field, cancel, ask };
}
