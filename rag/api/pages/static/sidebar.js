// The list of conversations: a column on wide screens, a drawer on others.

import * as conversations from "./conversations.js";
import { iconButton, make } from "./dom.js";
import { Panel } from "./panel.js";

const at = (id) => document.getElementById(id);

export class Sidebar {
  /** `open` is called with the id of the one chosen, `removed` with the id of the one deleted, null for all. */
  constructor({ open, removed }) {
    this.chosen = open;
    this.removed = removed;
    this.panel = new Panel(
      at("conversations"),
      at("conversations-side"),
      at("conversations-dialog"),
      "(min-width: 80rem)",
      { onClose: () => at("show-conversations").focus() },
    );
    at("show-conversations").addEventListener("click", () => (this.panel.isOpen ? this.panel.close() : this.panel.open()));
    const sure = at("sure-dialog");
    at("clear-conversations").addEventListener("click", () => sure.showModal());
    at("cancel-sure").addEventListener("click", () => sure.close());
    at("sure-form").addEventListener("submit", (event) => {
      event.preventDefault();
      conversations.clear();
      sure.close();
      this.removed(null);
    });
    if (this.panel.wide.matches) this.panel.open();
  }

  /** Close where it covers the conversation. */
  leave() {
    if (!this.panel.wide.matches) this.panel.close();
  }

  /** Draw the list; `current` is the conversation shown. */
  draw(current) {
    const all = conversations.all();
    this.current = current;
    at("conversation-list").replaceChildren(...all.map((each) => this.item(each)));
    at("no-conversations").hidden = all.length > 0;
    at("clear-conversations").hidden = all.length === 0;
  }

  item(conversation) {
    const { id } = conversation;
    const title = conversations.titleOf(conversation);
    const current = id === this.current.id ? "true" : null;
    const button = make("button", { type: "button", class: "item", "aria-current": current }, title);
    const bin = iconButton("bin", `Delete: ${title}`);
    button.addEventListener("click", () => {
      this.leave();
      this.chosen(id);
    });
    bin.addEventListener("click", () => {
      conversations.remove(id);
      this.removed(id);
      this.draw(this.current);
      (at("conversation-list").querySelector("button") ?? at("new-conversation")).focus();
    });
    return make("li", {}, button, bin);
  }
}
