// Markdown -> DOM nodes, for answers, which are not to be trusted: what is not understood stays text.
//
// Understood are paragraphs, headings, lists, quotes, fenced code, small tables and rules; in lines: code, bold,
// italic, links to http and https, and citation marks like [1] or [2, 3]. Images, HTML and the rest stay text.

import { linkable, make, outward } from "./dom.js";

const MAX_DEPTH = 6;
const MAX_COLUMNS = 12;
const MAX_ROWS = 100;

const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+#.-]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(\S.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const ROW = /^\s*\|?.*\|.*$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/**
 * Split into blocks.
 *
 * Each has its kind and its source; two blocks of the same source look the same, so that a growing answer is drawn
 * anew only where it grew.
 */
export function blocks(text) {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n");
  const found = [];
  let at = 0;
  const take = (kind, until) => {
    found.push({ kind, source: lines.slice(at, until).join("\n") });
    at = until;
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    if (!line.trim()) at += 1;
    else if (fence) {
      const closing = new RegExp(`^ {0,3}\\${fence[1][0]}{${fence[1].length},}\\s*$`);
      const end = lines.findIndex((each, i) => i > at && closing.test(each));
      take("code", end < 0 ? lines.length : end + 1);
    } else if (HEADING.test(line)) take("heading", at + 1);
    else if (RULE.test(line)) take("rule", at + 1);
    else if (QUOTE.test(line)) take("quote", span(lines, at, (each) => QUOTE.test(each)));
    else if (ITEM.test(line)) take("list", endOfList(lines, at));
    else if (isTable(lines, at)) take("table", span(lines, at, (each) => each.trim() && ROW.test(each)));
    else take("paragraph", span(lines, at, (each, i) => i === at || !startsBlock(lines, i)));
  }
  return found;
}

/**
 * Make the nodes of a block.
 *
 * `cite` makes the node for one number of a citation mark, or gives null where there is no such source.
 */
export function draw(block, cite, depth = 0) {
  const lines = block.source.split("\n");
  switch (block.kind) {
    case "code": {
      const [, fence, language] = FENCE.exec(lines[0]);
      const closed = lines.length > 1 && lines.at(-1).trim().startsWith(fence);
      const code = make("code", {}, lines.slice(1, closed ? -1 : undefined).join("\n"));
      return make("pre", { tabindex: "0", role: "region", "aria-label": language ? `Code: ${language}` : "Code" }, code);
    }
    case "heading": {
      const [, marks, title] = HEADING.exec(lines[0]);
      // The page's own headings are above those of an answer.
      return make(`h${Math.min(6, marks.length + 2)}`, {}, ...inline(title.replace(/ #+\s*$/, "").trimEnd(), cite));
    }
    case "rule":
      return make("hr");
    case "quote":
      return make("blockquote", {}, ...nested(lines.map((line) => QUOTE.exec(line)[1]).join("\n"), cite, depth));
    case "list":
      return list(lines, cite, depth);
    case "table":
      return table(lines, cite);
    default:
      return make("p", {}, ...broken(lines, cite));
  }
}

function nested(text, cite, depth) {
  if (depth >= MAX_DEPTH) return [text];
  return blocks(text).map((block) => draw(block, cite, depth + 1));
}

function list(lines, cite, depth) {
  const [, , marker] = ITEM.exec(lines[0]);
  const ordered = /\d/.test(marker);
  const indent = lines[0].search(/\S/);
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && item[1].length <= indent + 1) items.push([item[3]]);
    else items.at(-1).push(line);
  }
  const start = ordered ? Number.parseInt(marker, 10) : 1;
  const nodes = items.map(([first, ...rest]) => {
    // What hangs below an item is its content, less the item's own indentation.
    const margin = Math.min(...rest.filter((line) => line.trim()).map((line) => line.search(/\S/)), 8);
    const below = rest.map((line) => line.slice(Math.min(margin, Math.max(0, line.search(/\S/)))));
    const content = nested([first, ...below].join("\n"), cite, depth);
    // A tight item has no paragraph around its text.
    if (content[0]?.tagName === "P") content.splice(0, 1, ...content[0].childNodes);
    return make("li", {}, ...content);
  });
  return make(ordered ? "ol" : "ul", { start: ordered && start !== 1 ? String(start) : null }, ...nodes);
}

function table(lines, cite) {
  const cells = (line) => {
    const row = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
    return row.split(/(?<!\\)\|/, MAX_COLUMNS).map((cell) => cell.replaceAll("\\|", "|").trim());
  };
  const head = cells(lines[0]);
  const row = (line, tag) => {
    const given = cells(line);
    return make("tr", {}, ...head.map((_, i) => make(tag, {}, ...inline(given[i] ?? "", cite))));
  };
  const body = lines.slice(2, 2 + MAX_ROWS).map((line) => row(line, "td"));
  const inner = make("table", {}, make("thead", {}, row(lines[0], "th")), make("tbody", {}, ...body));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, inner);
}

function broken(lines, cite) {
  return lines.flatMap((line, i) => {
    const nodes = inline(line.trim(), cite);
    return i < lines.length - 1 ? [...nodes, / {2}$/.test(line) ? make("br") : " "] : nodes;
  });
}

// One alternative each, none of which can fail slowly: what they repeat excludes what ends them.
const INLINE = new RegExp(
  [
    "(?<escape>\\\\[\\\\`*_{}\\[\\]()#+.!|>~-])",
    "(?<code>`[^`\\n]+`|``(?:[^`]|`(?!`))+``)",
    "(?<cite>\\[\\d{1,3}(?:\\s*,\\s*\\d{1,3})*\\](?!\\())",
    "(?<image>!\\[[^\\[\\]\\n]{0,500}\\]\\([^()\\s]{0,2000}\\))",
    "(?<link>\\[[^\\[\\]\\n]{1,500}\\]\\([^()\\s]{1,2000}\\))",
    // *args and **kwargs are words, not emphasis: a mark that opens follows no letter, one that closes no blank.
    "(?<bold>(?<![\\w*])\\*\\*(?=[^\\s*])(?:[^*\\n]|\\*(?!\\*))*[^\\s*]\\*\\*(?![\\w*]))",
    "(?<italic>(?<![\\w*])\\*(?=[^\\s*])[^*\\n]*[^\\s*]\\*(?![\\w*])|(?<!\\w)_(?=[^\\s_])[^_\\n]*[^\\s_]_(?!\\w))",
    "(?<bare>https?:\\/\\/[^\\s<>\"'`\\[\\]\uE000-\uE002]+)",
  ].join("|"),
  "g",
);

function inline(text, cite, depth = 0) {
  const nodes = [];
  let from = 0;
  const within = (inner) => (depth < MAX_DEPTH ? inline(inner, cite, depth + 1) : [inner]);
  for (const match of text.matchAll(INLINE)) {
    const [whole] = match;
    const kind = match.groups;
    let node = null;
    let length = whole.length;
    if (kind.escape) node = whole[1];
    else if (kind.code) node = make("code", {}, whole.replace(/^(`+)\s?(.*?)\s?\1$/s, "$2"));
    else if (kind.image) node = whole;
    else if (kind.cite) node = marks(whole, cite);
    else if (kind.bold) node = make("strong", {}, ...within(whole.slice(2, -2)));
    else if (kind.italic) node = make("em", {}, ...within(whole.slice(1, -1)));
    else if (kind.link) {
      const [, label, address] = /^\[(.+)\]\((.+)\)$/.exec(whole);
      const href = linkable(address);
      node = href && outward(href, ...within(label));
    } else if (kind.bare) {
      // The sentence's own marks at the end belong to no address.
      const address = whole.replace(/[).,;:!?*_]+$/, "");
      const href = linkable(address);
      length = address.length;
      node = href && outward(href, address);
    }
    if (node === null || match.index < from) continue;
    if (match.index > from) nodes.push(text.slice(from, match.index));
    nodes.push(node);
    from = match.index + length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

function marks(mark, cite) {
  const numbers = mark.slice(1, -1).split(",").map(Number);
  const nodes = numbers.map((number) => cite(number));
  if (nodes.every((node) => node === null)) return null;
  return make("span", { class: "marks" }, ...nodes.map((node, i) => node ?? `[${numbers[i]}]`));
}

function isTable(lines, at) {
  return at + 1 < lines.length && lines[at].includes("|") && lines[at + 1].includes("-") && DIVIDER.test(lines[at + 1]);
}

function startsBlock(lines, at) {
  const line = lines[at];
  if (!line.trim()) return true;
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((each) => each.test(line)) || isTable(lines, at);
}

function endOfList(lines, at) {
  const indent = lines[at].search(/\S/);
  const ordered = /^\s*\d/.test(lines[at]);
  let end = at + 1;
  while (end < lines.length) {
    const line = lines[end];
    const next = lines[end + 1] ?? "";
    const item = ITEM.exec(line);
    if (!line.trim()) {
      // A blank line ends the list unless it goes on behind it.
      if (!(ITEM.test(next) && /^\s*\d/.test(next) === ordered) && !(next.trim() && next.search(/\S/) > indent)) break;
    } else if (item) {
      if (item[1].length <= indent + 1 && /\d/.test(item[2]) !== ordered) break;
    } else if (line.search(/\S/) <= indent && startsBlock(lines, end)) break;
    end += 1;
  }
  return end;
}

function span(lines, at, holds) {
  let end = at;
  while (end < lines.length && holds(lines[end], end)) end += 1;
  return end;
}
