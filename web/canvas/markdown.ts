// Markdown to elements: heads, lists, quotes, code, tables, emphasis, links. Never HTML: everything that is not one
// of these is text. Pictures become their words, and only http, https and mailto addresses become links.

import { el } from "./dom";
import { min } from "./math";

const MARKS = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|(\*\*|__)(?=\S)([\s\S]+?)(?<=\S)\3|(?<![\w*])([*_])(?=\S)([\s\S]+?)(?<=\S)\5(?![\w*])|~~(?=\S)([\s\S]+?)(?<=\S)~~|!?\[([^\]]*)\]\(\s*((?:[^()\s]|\([^()]*\))*)[^)]*\)/;
const MOST_DEPTH = 8;

/** Emphasis, code and links within a line. */
function inline(text: string, depth = 0): (Node | string)[] {
  const found: (Node | string)[] = [];
  for (let rest = text; rest; ) {
    const mark = depth < MOST_DEPTH ? MARKS.exec(rest) : null;
    if (!mark) {
      found.push(rest);
      break;
    }
    found.push(rest.slice(0, mark.index));
    rest = rest.slice(mark.index + mark[0].length);
    const [whole, , code, , strong, , soft, gone, words, address] = mark;
    if (code !== undefined) found.push(el("code", {}, code));
    else if (strong !== undefined) found.push(el("strong", {}, ...inline(strong, depth + 1)));
    else if (soft !== undefined) found.push(el("em", {}, ...inline(soft, depth + 1)));
    else if (gone !== undefined) found.push(el("s", {}, ...inline(gone, depth + 1)));
    else if (whole.startsWith("!") || !/^(https?:\/\/|mailto:)/i.test(address!)) found.push(...inline(words!, depth + 1));
    else found.push(el("a", { href: address!, rel: "noopener noreferrer", target: "_blank" }, ...inline(words!, depth + 1)));
  }
  return found;
}

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const cells = (line: string): string[] => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

export function markdown(text: string): DocumentFragment {
  const whole = document.createDocumentFragment(), lines = text.split(/\r?\n/);
  const lists: { depth: number; element: HTMLElement }[] = [];
  for (let k = 0; k < lines.length; k++) {
    const line = lines[k]!, item = ITEM.exec(line), fence = /^\s*(```|~~~)/.exec(line);
    if (!item || /^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) lists.length = 0;
    if (fence) {
      const code: string[] = [];
      while (++k < lines.length && !lines[k]!.trim().startsWith(fence[1]!)) code.push(lines[k]!);
      whole.append(el("pre", {}, el("code", {}, code.join("\n"))));
    } else if (!line.trim()) continue;
    else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) whole.append(el("hr"));
    else if (/^#{1,6}\s/.test(line)) {
      const level = /^#+/.exec(line)![0].length;
      whole.append(el("div", { class: `head h${level}`, role: "heading", "aria-level": min(6, level + 2) }, ...inline(line.replace(/^#+\s+|\s+#+\s*$/g, ""))));
    } else if (item) {
      const depth = item[1]!.length, tag = /\d/.test(item[2]!) ? "ol" : "ul";
      while (lists.length && lists[lists.length - 1]!.depth > depth) lists.pop();
      if (lists.length && lists[lists.length - 1]!.depth === depth && lists[lists.length - 1]!.element.localName !== tag) lists.pop();
      if (!lists.length || lists[lists.length - 1]!.depth < depth) {
        const element = el(tag), above = lists[lists.length - 1]?.element.lastElementChild;
        (above ?? whole).append(element);
        lists.push({ depth, element });
      }
      lists[lists.length - 1]!.element.append(el("li", {}, ...inline(item[3]!)));
    } else if (line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[k + 1] ?? "")) {
      const body = el("tbody"), head = el("tr", {}, ...cells(line).map((cell) => el("th", {}, ...inline(cell))));
      for (k++; k + 1 < lines.length && lines[k + 1]!.includes("|"); k++) body.append(el("tr", {}, ...cells(lines[k + 1]!).map((cell) => el("td", {}, ...inline(cell)))));
      whole.append(el("table", {}, el("thead", {}, head), body));
    } else if (/^\s*>/.test(line)) {
      const quoted = [line];
      while (/^\s*>/.test(lines[k + 1] ?? "")) quoted.push(lines[++k]!);
      whole.append(el("blockquote", {}, ...inline(quoted.map((one) => one.replace(/^\s*>\s?/, "")).join("\n"))));
    } else {
      const block = [line];
      while ((lines[k + 1] ?? "").trim() && !/^\s*(#{1,6}\s|>|```|~~~|[-*+]\s|\d{1,9}[.)]\s)/.test(lines[k + 1]!)) block.push(lines[++k]!);
      whole.append(el("p", {}, ...inline(block.join("\n"))));
    }
  }
  return whole;
}
