// Texts of models and data sets as the page shows them. They are hostile: whatever is in them becomes
// text nodes, and what a reader could not see (controls, marks that turn the direction of the text,
// lone surrogates, tags) is shown by its code point.

const UNSEEN = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5" +
    "\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb" +
    "\\ufffe\\uffff]|\\p{Cs}|[\\u{e0000}-\\u{e0fff}]",
  "gu",
);

/** @type {Record<number, string>} */
const NAMES = {
  0x00ad: "soft hyphen",
  0x061c: "Arabic letter mark",
  0x200b: "zero-width space",
  0x200c: "zero-width non-joiner",
  0x200d: "zero-width joiner",
  0x200e: "left-to-right mark",
  0x200f: "right-to-left mark",
  0x2028: "line separator",
  0x2029: "paragraph separator",
  0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding",
  0x202c: "pop directional formatting",
  0x202d: "left-to-right override",
  0x202e: "right-to-left override",
  0x2060: "word joiner",
  0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate",
  0x2068: "first strong isolate",
  0x2069: "pop directional isolate",
  0xfeff: "byte order mark",
};

const MANY_UNSEEN = 2000; // more of them become plain text: an element each would take seconds
const SHOWN = 24000; // characters of a text that are shown at once
const HEAD = 16000; // of which from its beginning

/** A character that cannot be seen, as one that can. @param {string} character */
function symbolOf(character) {
  const code = /** @type {number} */ (character.codePointAt(0));
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** @param {string} character */
function nameOf(character) {
  const code = /** @type {number} */ (character.codePointAt(0));
  const name = code >= 0xd800 && code <= 0xdfff ? "lone surrogate" : NAMES[code] || "not printable";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}, ${name}`;
}

/** A text as nodes that show all of it. @param {string} text */
function visible(text) {
  const fragment = document.createDocumentFragment();
  const found = text.match(UNSEEN);
  if (!found) {
    fragment.append(text);
  } else if (found.length > MANY_UNSEEN) {
    fragment.append(text.replace(UNSEEN, symbolOf));
  } else {
    let end = 0;
    for (const match of text.matchAll(UNSEEN)) {
      fragment.append(text.slice(end, match.index));
      fragment.append(h("span.unseen", { title: nameOf(match[0]) }, symbolOf(match[0])));
      end = match.index + match[0].length;
    }
    fragment.append(text.slice(end));
  }
  return fragment;
}

/** A short text within a line: isolated from the direction of its neighbours. @param {string} text */
function inline(text) {
  return h("bdi", null, visible(text));
}

/** A text for attributes and options, where there is no markup. @param {string} text */
function plain(text) {
  return text.replace(UNSEEN, symbolOf);
}

/**
 * Where the extracted answer stands in the response: its last occurrence, else the last \boxed{…}.
 * @param {string} text @param {string | null | undefined} extracted
 * @returns {[number, number, boolean] | null} start, end, and whether it is the answer literally
 */
function answerSpan(text, extracted) {
  if (!extracted) return null;
  const start = text.lastIndexOf(extracted);
  if (start >= 0) return [start, start + extracted.length, true];
  const boxed = text.lastIndexOf("\\boxed{");
  if (boxed < 0) return null;
  let depth = 0;
  for (let end = boxed + 6; end < text.length; end++) {
    if (text[end] === "{") depth++;
    if (text[end] === "}" && --depth === 0) return [boxed, end + 1, false];
  }
  return null;
}

/** Do not cut a surrogate pair in two. @param {string} text @param {number} at */
function boundary(text, at) {
  const code = text.charCodeAt(at);
  return at > 0 && code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

/**
 * The parts of a long text that are shown at first: its beginning, and its end or the answer.
 * @param {string} text @param {[number, number, boolean] | null} span
 * @returns {[number, number][]}
 */
function shownParts(text, span) {
  if (text.length <= SHOWN) return [[0, text.length]];
  const room = SHOWN - HEAD;
  let start = text.length - room;
  if (span && span[0] < start) start = Math.max(HEAD, span[0] - room / 2);
  start = boundary(text, start);
  return [
    [0, boundary(text, HEAD)],
    [start, boundary(text, Math.min(text.length, start + room))],
  ];
}

/**
 * A block of text: line breaks kept, long lines broken, the answer marked, long texts shortened
 * until asked for.
 * @param {string} text
 * @param {[number, number, boolean] | null} span - what is marked
 * @param {boolean} formulas - draw LaTeX
 */
function textBlock(text, span, formulas) {
  const box = h("div.text", { dir: "ltr", tabindex: "0" });
  const fill = (/** @type {[number, number][]} */ parts) => {
    let end = 0;
    for (const [from, to] of parts) {
      if (from > end) box.append(gap(end, from));
      for (const [start, stop, marked] of cuts(from, to, span)) {
        const part = text.slice(start, stop);
        const nodes = formulas ? withFormulas(part) : visible(part);
        box.append(marked ? h("mark", { title: "the extracted answer" }, nodes) : nodes);
      }
      end = to;
    }
    if (end < text.length) box.append(gap(end, text.length));
  };
  const gap = (/** @type {number} */ from, /** @type {number} */ to) =>
    h(
      "button.gap",
      { type: "button", onclick: all },
      `… ${counted(to - from, "character")} more: show all …`,
    );
  const all = () => {
    box.replaceChildren();
    fill([[0, text.length]]);
    box.focus();
  };
  if (text) fill(shownParts(text, span));
  else box.append(h("span.dim", null, "(empty)"));
  return box;
}

/**
 * @param {number} from @param {number} to @param {[number, number, boolean] | null} span
 * @returns {[number, number, boolean][]}
 */
function cuts(from, to, span) {
  if (!span || span[1] <= from || span[0] >= to) return [[from, to, false]];
  const start = Math.max(from, span[0]);
  const end = Math.min(to, span[1]);
  /** @type {[number, number, boolean][]} */
  const parts = [
    [from, start, false],
    [start, end, true],
    [end, to, false],
  ];
  return parts.filter(([first, last]) => last > first);
}
