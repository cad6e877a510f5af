// What the page holds: its data, read at once, and blocks, loaded when they are needed from the page
// itself, from a file beside it, or from the local server.

/**
 * @typedef {{id: string, title: string, section: string|null, row: string|null, role: string|null,
 *   grid: string|null, dataset: string, method: string, base_model: string, delta: string|null,
 *   prompt: string, lambda: number|null, temperature: number, n: number, problems: number,
 *   samples: number, status: string, graders: string[], grader: string|null, seed: number|null,
 *   wanted?: number|null,
 *   blocks: number[]|null}} Cell
 * @typedef {{section: string, row: string, role: string, grid: string|null, dataset: string|null,
 *   cell_id: string|null, measure: string, title: string, unit: string, direction: string,
 *   decimals: number, k: number|null, estimate: number|null, stderr: number|null, low: number|null,
 *   high: number|null, interval: string|null, status: string, reason: string, problems: number|null,
 *   samples: number|null, lambda: number|null, temperature: number|null, main: boolean,
 *   requested: boolean, p_value: number|null, holm_p_value: number|null,
 *   published: {source: string, value: string, sense: string, unit: string, verdict: string}[]}} Result
 * @typedef {{cell: string, problem: number, sample: number, title?: string}} TokenPath
 * @typedef {{version: number, title: string, experiment: string|null, source: string, files?: string,
 *   generation?: string, start?: string,
 *   made: {command: string, time: string, commit: string|null, version: string},
 *   provenance: {label: string, value: string, command?: boolean}[], notes: string[],
 *   results: Result[], charts: {id: string, title: string, alt: string, spec: any}[],
 *   cells: Cell[], datasets: Record<string, {problems: number}>, tokens: TokenPath[]}} PageData
 * @typedef {{id: string, question: string|null, gold: string|null}} Problem
 * @typedef {{verdict: string, extracted: string|null, rule?: string, reason?: string,
 *   extraction?: string}} Verdict
 * @typedef {{i: number, seed: string, text: string, verdicts: Record<string, Verdict>}} Sample
 */

/** @type {PageData} */
const DATA = JSON.parse(byId("data").textContent);

/** @type {Map<string, Cell>} */
const CELLS = new Map(DATA.cells.map((cell) => [cell.id, cell]));

/** Resolves when the whole page is read: its blocks and libraries stand behind this script. */
const wholePage = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));

/** @type {Map<string, Element> | null} */
let inlineBlocks = null;

const KEPT_TEXTS = 48; // blocks of texts that are kept, about 256 kB each
/** @type {Map<string, Promise<any>>} */
const keptTexts = new Map();
/** @type {Map<string, Promise<any>>} */
const kept = new Map();

/** A block as JSON. @param {string} name @returns {Promise<any>} */
function jsonBlock(name) {
  const parse = async () => JSON.parse(new TextDecoder().decode(await block(name)));
  if (!name.startsWith("texts/")) return remember(kept, name, parse);
  const result = remember(keptTexts, name, parse);
  if (keptTexts.size > KEPT_TEXTS)
    keptTexts.delete(/** @type {string} */ (keptTexts.keys().next().value));
  return result;
}

/**
 * @template T
 * @param {Map<string, Promise<any>>} store @param {string} name @param {() => Promise<T>} make
 * @returns {Promise<T>}
 */
function remember(store, name, make) {
  let value = store.get(name);
  if (!value) {
    value = make();
    value.catch(() => store.delete(name));
  }
  store.delete(name); // last in the order of the map: used last
  store.set(name, value);
  return value;
}

/** @param {string} name @returns {Promise<Uint8Array>} */
async function block(name) {
  if (DATA.source === "server") {
    const address = encodeURIComponent(name); // with its slashes: a browser resolves /../
    return new Uint8Array(await (await answer(`block/${address}`, {})).arrayBuffer());
  }
  const text = DATA.source === "files" ? await fileBlock(name) : await inlineBlock(name);
  return gunzip(fromBase64(text));
}

/** What the server holds now is not what this page was made from. */
class StaleError extends Error {}

/**
 * Ask the server for what belongs to this page.
 * @param {string} address - relative to the page @param {Record<string, string>} query
 * @returns {Promise<Response>}
 */
async function answer(address, query) {
  const all = new URLSearchParams({ ...query, generation: DATA.generation || "" });
  let response;
  try {
    response = await fetch(`${address}?${all}`);
  } catch {
    throw new Error("the server does not answer: does `rast-bench view` still run?");
  }
  if (response.status === 410) throw new StaleError((await response.text()).trim());
  if (!response.ok)
    throw new Error(`the server answers “${(await response.text()).trim()}” to ${address}`);
  return response;
}

/** @param {string} name @returns {Promise<string>} */
async function inlineBlock(name) {
  await wholePage;
  if (!inlineBlocks) {
    const found = [...document.querySelectorAll("script[data-block]")];
    inlineBlocks = new Map(found.map((one) => [one.getAttribute("data-block") || "", one]));
  }
  const element = inlineBlocks.get(name);
  if (!element) throw new Error(`this page does not hold ${name}`);
  return element.textContent || "";
}

/** @type {Map<string, (base64: string) => void>} */
const awaited = new Map();
/** @type {any} */ (window).rastBlock = (
  /** @type {string} */ name,
  /** @type {string} */ base64,
) => {
  const take = awaited.get(name);
  awaited.delete(name);
  if (take) take(base64);
};

/** As `chunk_name` in report_file.py. @param {string} name */
function fileName(name) {
  const at = name.indexOf("/");
  const escaped = (/** @type {string} */ one) => `=${one.codePointAt(0)?.toString(16)}=`;
  let rest = name.slice(at + 1);
  if (name.startsWith("problems/")) rest = rest.replace(/[^A-Za-z0-9._-]/gu, escaped);
  return `${name.slice(0, at)}-${rest.replaceAll("/", "-")}`;
}

/** A block from a file beside the page. A script, since `fetch` reads no files. @param {string} name @returns {Promise<string>} */
function fileBlock(name) {
  return new Promise((resolve, reject) => {
    const file = `${DATA.files || "report_files"}/${encodeURIComponent(fileName(name))}.js`;
    const script = h("script", { src: file });
    script.onload = () => {
      script.remove();
      if (awaited.delete(name)) reject(new Error(`${file} does not hold ${name}`));
    };
    script.onerror = () => {
      script.remove();
      awaited.delete(name);
      reject(new Error(`cannot read ${file}: is the folder beside the page?`));
    };
    awaited.set(name, resolve);
    document.head.append(script);
  });
}

/** @param {string} text @returns {Uint8Array} */
function fromBase64(text) {
  const own = /** @type {any} */ (Uint8Array).fromBase64;
  if (own) return own.call(Uint8Array, text);
  const bytes = atob(text);
  const result = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) result[at] = bytes.charCodeAt(at);
  return result;
}

/** @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
async function gunzip(bytes) {
  const stream = new Blob([/** @type {any} */ (bytes)])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Start a library that lies in the page compressed. @param {string} name @returns {Promise<void>} */
function library(name) {
  return remember(kept, `library ${name}`, async () => {
    await wholePage;
    const element = document.querySelector(`script[data-library="${name}"]`);
    const text = new TextDecoder().decode(await gunzip(fromBase64(element?.textContent || "")));
    const started = h(name.endsWith("style") ? "style" : "script", null);
    started.textContent = text;
    document.head.append(started);
  });
}

/** The samples of one problem of a cell. @param {Cell} cell @param {number} problem @returns {Promise<{prompt: string|null, samples: Sample[]}>} */
async function textsOf(cell, problem) {
  const texts = await jsonBlock(textBlockName(cell, problem));
  return texts[problem] || { prompt: null, samples: [] };
}

/** @param {Cell} cell @param {number} problem */
function textBlockName(cell, problem) {
  if (!cell.blocks) return `texts/${cell.id}/${problem}`;
  let number = cell.blocks.length - 1;
  while (number > 0 && cell.blocks[number] > problem) number--;
  return `texts/${cell.id}/${number}`;
}
