// The API, as the page uses it: plain requests, a streamed answer, and failures in plain words.

import { currentKey } from "./key.js";

/** A request that did not end well, in words for a person. */
export class Failure extends Error {
  constructor(message, { status = 0, detail = "", retryAfter = null } = {}) {
    super(message);
    this.status = status; // 0: there was no answer at all
    this.detail = detail; // what the service itself said
    this.retryAfter = retryAfter; // seconds
  }
}

const PLAIN = {
  400: "The service cannot use this question as it is.",
  403: "This is not allowed here.",
  404: "This is not there any more: its document was changed or deleted.",
  413: "This is more than the service takes in one request.",
  429: "Too many questions in a short time.",
  502: "The language model did not answer.",
  503: "The service cannot answer right now.",
  504: "The language model took too long.",
};

/** Send a request; addresses are relative to the page. Throws Failure; an abort stays an AbortError. */
export async function request(path, options = {}) {
  const key = currentKey();
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  let response;
  try {
    response = await fetch(path, { ...options, headers, redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The service cannot be reached. Look at the connection, then try again.");
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

/** Send JSON. */
export function post(path, body, options = {}) {
  const headers = { "Content-Type": "application/json", ...options.headers };
  return request(path, { ...options, method: "POST", headers, body: JSON.stringify(body) });
}

/**
 * Ask, and yield what comes: {interaction}, then {text} for each piece, and {last} for the last chunk, whole.
 *
 * Throws Failure where the answer breaks off.
 */
export async function* ask(messages, signal) {
  const response = await post("v1/chat/completions", { model: "whetstone", messages, stream: true }, { signal });
  yield { interaction: response.headers.get("X-Whetstone-Interaction") };
  let finished = false;
  for await (const data of events(response.body)) {
    if (data === "[DONE]") {
      finished = true;
      break;
    }
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Failure("The answer broke off.", { detail: String(chunk.error.message ?? "") });
    const text = chunk.choices?.[0]?.delta?.content;
    if (text) yield { text };
    if (chunk.whetstone) yield { last: chunk };
  }
  if (!finished) throw new Failure("The connection ended in the middle of the answer.");
}

/** Yield the data of each server-sent event. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new Failure("The connection ended in the middle of the answer.");
      });
      if (done) return;
      buffer += value;
      const whole = buffer.split(/\r?\n\r?\n/);
      buffer = whole.pop();
      for (const event of whole) {
        const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have failed already, and that is known then
  }
}

async function failureOf(response) {
  let detail = "";
  try {
    detail = String((await response.json()).error?.message ?? "");
  } catch {
    // Something in between answered, in a language of its own.
  }
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  const plain = PLAIN[response.status] ?? "Something went wrong inside the service.";
  return new Failure(plain, { status: response.status, detail, retryAfter });
}
