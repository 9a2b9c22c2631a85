// Conversations, kept in this browser: one record each, so that two tabs do not overwrite each other's.

const PREFIX = "whetstone.conversation.";
const OPEN = "whetstone.open";
const MOST = 100;

/**
 * Give a fresh conversation.
 *
 * A turn is {question, answer, state, ...}: state is "asked", "done", "stopped" or "failed"; what the last chunk
 * said of it stands in `told`, what was said back to the service in `said`.
 */
export function fresh() {
  return { version: 1, id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, changed: 0, turns: [] };
}

/** Give all that are kept, the newest first. */
export function all() {
  return names()
    .map((name) => read(name))
    .filter((each) => each !== null)
    .sort((a, b) => b.changed - a.changed);
}

/** Give the one that this tab had open, else the newest, else a fresh one. */
export function opened() {
  let id = null;
  try {
    id = sessionStorage.getItem(OPEN);
  } catch {
    // Storage is switched off; there is nothing kept either.
  }
  if (id === "") return fresh();
  return (id && read(PREFIX + id)) || all()[0] || fresh();
}

/** Remember which one this tab shows. */
export function open(conversation) {
  try {
    sessionStorage.setItem(OPEN, conversation.turns.length ? conversation.id : "");
  } catch {
    // As above.
  }
}

/** Keep it. The oldest ones go where there are too many, or no room is left; tells whether it is kept. */
export function keep(conversation) {
  conversation.changed = Date.now();
  const others = all().filter((each) => each.id !== conversation.id);
  while (others.length >= MOST) remove(others.pop().id);
  for (;;) {
    try {
      localStorage.setItem(PREFIX + conversation.id, JSON.stringify(conversation));
      open(conversation);
      return true;
    } catch {
      if (!others.length) return false;
      remove(others.pop().id);
    }
  }
}

/** Forget one. */
export function remove(id) {
  localStorage.removeItem(PREFIX + id);
}

/** Forget all. */
export function clear() {
  names().forEach((name) => localStorage.removeItem(name));
}

/** What it is called in the list: its first question. */
export function titleOf(conversation) {
  return conversation.turns[0]?.question.trim().replace(/\s+/g, " ").slice(0, 120) || "New conversation";
}

/** Call back with the id of a conversation that another tab changed, or null for any. */
export function watch(changed) {
  addEventListener("storage", (event) => {
    if (event.key === null) changed(null);
    else if (event.key.startsWith(PREFIX)) changed(event.key.slice(PREFIX.length));
  });
}

/** Give the one with that id, or null. */
export function find(id) {
  return read(PREFIX + id);
}

function names() {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function read(name) {
  try {
    const value = JSON.parse(localStorage.getItem(name));
    const sound = value?.version === 1 && Array.isArray(value.turns) && value.turns.every((turn) => typeof turn.question === "string");
    if (!sound) return null;
    for (const turn of value.turns) {
      // The tab was closed while the answer came.
      if (turn.state === "asked") turn.state = "stopped";
    }
    return value;
  } catch {
    return null;
  }
}
