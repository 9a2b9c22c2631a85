// Making elements. Strings become text nodes, always.

/** Make an element; attributes that are null, undefined or false are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Make one of the page's icons. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Make a button with an icon and a name for those who do not see it. */
export function iconButton(name, label, attributes = {}) {
  return make("button", { type: "button", class: "icon", "aria-label": label, title: label, ...attributes }, icon(name));
}

/** Give an address that may become a link, or null: documents and models choose theirs freely. */
export function linkable(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** Make a link that tells the other side nothing and has no hold on this page. */
export function outward(href, ...children) {
  return make("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}
