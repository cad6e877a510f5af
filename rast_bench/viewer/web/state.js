// What the page shows is written in its address, after the #: a link leads to exactly that.

/**
 * @typedef {{view: string, measure: string, k: string, by: string, spread: string, charts: string, dataset: string, cells: string[],
 *   problem: string, sample: number, verdicts: Map<string, Set<string>>, disagree: boolean,
 *   finish: string, least: number, most: number, word: string, text: string, find: string,
 *   sort: string, a: string, b: string, page: number, latex: boolean, shade: string}} State
 */

const VERDICTS = ["correct", "wrong", "undecided", "unparsed", "truncated", "timeout", "none"];
const SORTS = ["id", "rate", "-rate", "diff", "-diff"];

/** @type {State} */
let state = readState(location.hash || DATA.start || "");

/** @param {string} hash @returns {State} */
function readState(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const value = (/** @type {string} */ name) => values.get(name) || "";
  const whole = (/** @type {string} */ name, /** @type {number} */ otherwise) =>
    /^\d{1,9}$/.test(value(name)) ? Number(value(name)) : otherwise;
  const verdicts = new Map();
  for (const [name, list] of values) {
    const wanted = list.split(",").filter((one) => VERDICTS.includes(one));
    if (!wanted.length) continue;
    if (name === "verdict") verdicts.set(value("grader"), new Set(wanted));
    else if (name.startsWith("verdict.")) verdicts.set(name.slice(8), new Set(wanted));
  }
  const view = value("view");
  return {
    view: ["overview", "samples", "tokens"].includes(view)
      ? view
      : DATA.results.length
        ? "overview"
        : "samples",
    measure: value("measure"),
    k: value("k"),
    by: value("by"),
    spread: value("spread"),
    charts: value("charts"),
    dataset: value("dataset"),
    cells: value("cells").split(",").filter(Boolean),
    problem: value("problem"),
    sample: whole("sample", 0),
    verdicts,
    disagree: value("disagree") === "1",
    finish: value("finish"),
    least: whole("min", 0),
    most: whole("max", Infinity),
    word: value("word"),
    text: value("text"),
    find: value("find"),
    sort: SORTS.includes(value("sort")) ? value("sort") : "id",
    a: value("a"),
    b: value("b"),
    page: Math.max(1, whole("page", 1)),
    latex: value("latex") === "1",
    shade: value("shade"),
  };
}

/** @param {State} from */
function writeState(from) {
  const values = new URLSearchParams();
  const put = (/** @type {string} */ name, /** @type {any} */ value) =>
    value && values.set(name, String(value));
  put("view", from.view);
  put("measure", from.measure);
  put("k", from.k);
  put("by", from.by);
  put("spread", from.spread);
  put("charts", from.charts);
  put("dataset", from.dataset);
  put("cells", from.cells.join(","));
  put("problem", from.problem);
  put("sample", from.sample);
  for (const [grader, wanted] of from.verdicts)
    put(grader ? `verdict.${grader}` : "verdict", [...wanted].join(","));
  put("disagree", from.disagree ? 1 : 0);
  put("finish", from.finish);
  put("min", from.least);
  put("max", from.most < Infinity ? from.most : 0);
  put("word", from.word);
  put("text", from.text);
  put("find", from.find);
  put("sort", from.sort === "id" ? "" : from.sort);
  put("a", from.a);
  put("b", from.b);
  put("page", from.page > 1 ? from.page : 0);
  put("latex", from.latex ? 1 : 0);
  put("shade", from.shade);
  return `#${values.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
}

/** Show another state, in the place of this one. @param {Partial<State>} changes */
function go(changes) {
  const hash = writeState({ ...state, ...changes });
  if (hash !== location.hash) location.replace(hash);
}

/** A link to another state. @param {Partial<State>} changes */
function linkTo(changes) {
  return writeState({ ...state, ...changes });
}
