// A panel: a column where there is room for it, a dialog where there is none.

export class Panel {
  /** `content` stands in `side` while `wide` matches, else in `dialog`. */
  constructor(content, side, dialog, wide, { onClose = () => {} } = {}) {
    this.content = content;
    this.side = side;
    this.dialog = dialog;
    this.wide = matchMedia(wide);
    this.onClose = onClose;
    this.isOpen = false;
    content.querySelector("[data-close]").addEventListener("click", () => this.close());
    // Esc on a dialog, or a click on what is around it.
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) this.close();
    });
    this.wide.addEventListener("change", () => {
      if (this.isOpen) this.place();
    });
  }

  open() {
    this.isOpen = true;
    this.place();
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.side.hidden = true;
    if (this.dialog.open) this.dialog.close();
    this.onClose();
  }

  place() {
    const home = this.wide.matches ? this.side : this.dialog;
    if (this.content.parentElement !== home) home.append(this.content);
    this.side.hidden = !this.wide.matches;
    if (this.wide.matches && this.dialog.open) this.dialog.close();
    if (!this.wide.matches && !this.dialog.open) this.dialog.showModal();
  }
}
