// Elements, numbers and the clipboard. Nothing here knows what the page shows.

/** @typedef {Node | string | number | null | undefined | false | any[]} Child */

/**
 * Make an element. Strings become text nodes, never markup.
 * @param {string} what - tag and classes: "p", "td.number"
 * @param {Record<string, any> | null} [attributes] - "on…" are listeners; null, undefined and false are left out
 * @param {...Child} children - lists among them are flattened
 * @returns {any} an HTMLElement; `any` spares a cast for each input
 */
function h(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** @param {string} id @returns {any} */
function byId(id) {
  return document.getElementById(id);
}

/**
 * A number for reading: with the minus sign, and a thin space between thousands.
 * @param {number} value @param {number} [decimals]
 */
function shownNumber(value, decimals = 0) {
  const text = Math.abs(value).toFixed(decimals);
  const [whole, rest] = text.split(".");
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  const sign = value < 0 && Number(text) !== 0 ? "−" : "";
  return sign + grouped + (rest ? `.${rest}` : "");
}

/** "1 sample", "32 samples" @param {number} count @param {string} noun @param {string} [plural] */
function counted(count, noun, plural = `${noun}s`) {
  return `${shownNumber(count)} ${count === 1 ? noun : plural}`;
}

let silence = 0; // the timer that empties the status line

/** Say something in the status line, which screen readers speak, for some seconds. @param {string} text */
function say(text) {
  byId("status").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => (byId("status").textContent = ""), 6000);
}

/** @param {string} text @param {string} what - for the message */
async function copyText(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { "aria-hidden": "true", class: "offscreen" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(`Copied ${what}`);
}

/** @param {string} label @param {() => string | Promise<string>} text @param {string} what */
function copyButton(label, text, what) {
  return h(
    "button.small",
    { type: "button", onclick: async () => copyText(await text(), what) },
    label,
  );
}

/**
 * A labelled choice.
 * @param {string} label
 * @param {[string, string][]} options - value and text
 * @param {string} value @param {(value: string) => void} changed
 */
function choice(label, options, value, changed) {
  const select = h(
    "select",
    { onchange: (/** @type {any} */ event) => changed(event.target.value) },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)),
  );
  return labelled(label, select);
}

let labels = 0;

/** @param {string} label @param {HTMLElement} control */
function labelled(label, control) {
  control.id = control.id || `control-${++labels}`;
  return h("div.field", null, h("label", { for: control.id }, label), control);
}

/** Rows as CSV; a text that a spreadsheet would execute gets an apostrophe. @param {any[][]} rows */
function csv(rows) {
  const field = (/** @type {any} */ value) => {
    if (value === null || value === undefined) return "";
    let text = typeof value === "object" ? JSON.stringify(value) : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(field).join(",") + "\n").join("");
}

/** Wait until the browser has drawn, so that long work does not freeze the page. */
function breath() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
