// The list of problems that the filters keep, a page at a time.

const PAGE = 50;

/**
 * @typedef {{dataset: string, position: number, problem: Problem, matches: number, rank: number}} Entry
 * @typedef {{key: string, chosen: Chosen, entries: Entry[], samples: number, keeps: Map<string, Uint8Array | null>,
 *   indices: Map<string, Index>, rates: Map<string, Rates>}} ProblemList
 */

/** @type {ProblemList | null} */
let lastList = null;

/** How a problem is named in the address. @param {Entry} one @param {Chosen} chosen */
function problemName(one, chosen) {
  return chosen.datasets.length > 1 ? `${one.dataset}/${one.problem.id}` : one.problem.id;
}

/**
 * Filter and sort; null if the state has changed meanwhile.
 * @param {Chosen} chosen @param {() => boolean} stopped @returns {Promise<ProblemList | null>}
 */
async function listProblems(chosen, stopped) {
  const { verdicts, disagree, finish, least, most, word, text, find, sort, a, b } = state;
  const key = JSON.stringify([
    chosen.cells.map((cell) => cell.id),
    [...verdicts].map(([name, set]) => [name, [...set]]),
    disagree,
    finish,
    least,
    most === Infinity ? null : most,
    word,
    text,
    find,
    sort,
    a,
    b,
  ]);
  if (lastList?.key === key) return lastList;
  const [first, second] = compared(chosen);
  const found = await searchResponses(chosen.cells, text, stopped);
  if (stopped()) return null;
  /** @type {ProblemList} */
  const list = {
    key,
    chosen,
    entries: [],
    samples: 0,
    keeps: new Map(),
    indices: new Map(),
    rates: new Map(),
  };
  const wanted = find.toLowerCase();
  for (const dataset of chosen.datasets) {
    /** @type {Problem[]} */
    const problems = await jsonBlock(`problems/${dataset}`);
    const cells = chosen.cells.filter((cell) => cell.dataset === dataset);
    const matches = new Uint32Array(problems.length);
    const indices = await Promise.all(cells.map(indexOf));
    for (const [at, cell] of cells.entries()) {
      const keep = filterRows(
        indices[at],
        cell,
        { verdicts, disagree, finish, least, most, word },
        found?.get(cell.id) ?? null,
      );
      addMatches(indices[at], keep, matches);
      list.keeps.set(cell.id, keep);
      list.indices.set(cell.id, indices[at]);
      list.rates.set(cell.id, await ratesOf(cell, problems.length));
    }
    problems.forEach((problem, position) => {
      if (!matches[position]) return;
      if (
        wanted &&
        !problem.id.toLowerCase().includes(wanted) &&
        !problem.question?.toLowerCase().includes(wanted)
      )
        return;
      list.samples += matches[position];
      list.entries.push({ dataset, position, problem, matches: matches[position], rank: 0 });
    });
  }
  if (stopped()) return null;
  if (sort !== "id") {
    const sign = sort.startsWith("-") ? -1 : 1;
    for (const one of list.entries) {
      one.rank = sort.endsWith("diff")
        ? rate(list, second, one) - rate(list, first, one)
        : meanRate(list, a ? [first] : chosen.methods, one);
    }
    // What has no rate comes last; equal ones stay in the order of the data set.
    list.entries.sort((x, y) =>
      Number.isNaN(x.rank) || Number.isNaN(y.rank)
        ? Number(Number.isNaN(x.rank)) - Number(Number.isNaN(y.rank))
        : sign * (x.rank - y.rank),
    );
  }
  lastList = list;
  return list;
}

/** @param {ProblemList} list @param {Method} method @param {Entry} one @returns {number} NaN without samples */
function rate(list, method, one) {
  const cell = method.cells.get(one.dataset);
  const rates = cell && list.rates.get(cell.id);
  return rates ? rates.correct[one.position] / rates.total[one.position] : NaN;
}

/** @param {ProblemList} list @param {Method[]} methods @param {Entry} one */
function meanRate(list, methods, one) {
  const known = methods
    .map((method) => rate(list, method, one))
    .filter((value) => !Number.isNaN(value));
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : NaN;
}

/** The sample index to look at first: of the first sample that the filter keeps. @param {ProblemList} list @param {Entry} one */
function firstSample(list, one) {
  return keptSamples(list, one)[0] ?? 0;
}

/** Sample indices of a problem that the filter keeps in any chosen cell, ascending. @param {ProblemList} list @param {Entry} one */
function keptSamples(list, one) {
  /** @type {Set<number>} */
  const indices = new Set();
  for (const method of list.chosen.methods) {
    const cell = method.cells.get(one.dataset);
    const index = cell && list.indices.get(cell.id);
    if (!index) continue;
    const keep = list.keeps.get(cell.id);
    const sample = /** @type {Column} */ (index.columns.get("sample"));
    const [first, end] = rowsOf(index, one.position);
    for (let row = first; row < end; row++) if (!keep || keep[row]) indices.add(sample[row]);
  }
  return [...indices].sort((a, b) => a - b);
}

/** @param {ProblemList} list @param {Entry | undefined} current */
function problemTable(list, current) {
  const { chosen, entries } = list;
  const pages = Math.max(1, Math.ceil(entries.length / PAGE));
  const page = Math.min(state.page, pages);
  const [a, b] = compared(chosen);
  const isDifference = state.sort.endsWith("diff");
  const letters = chosen.methods.length > 1;
  const heads = chosen.methods.map((method, at) =>
    h("th.number", { scope: "col", title: plain(method.label) }, letters ? letter(at) : "rate"),
  );
  const rows = entries.slice((page - 1) * PAGE, page * PAGE).map((one) =>
    h(
      "tr",
      { class: one === current ? "current" : null },
      h(
        "th.row",
        { scope: "row" },
        h(
          "a.problem",
          {
            href: linkTo({ problem: problemName(one, chosen), sample: firstSample(list, one) }),
            "aria-current": one === current ? "true" : null,
            title: plain(`${one.dataset}: ${(one.problem.question || "").slice(0, 300)}`),
          },
          inline(shortened(one.problem.id, 60)),
        ),
      ),
      chosen.methods.map((method) => rateCell(rate(list, method, one))),
      isDifference ? h("td.number", null, signed(rate(list, b, one) - rate(list, a, one))) : null,
      h("td.number.dim", null, shownNumber(one.matches)),
    ),
  );
  const turn = (/** @type {number} */ to, /** @type {string} */ text) =>
    h(
      "button.small",
      { type: "button", disabled: to < 1 || to > pages, onclick: () => go({ page: to }) },
      text,
    );
  return h(
    "nav.problems",
    { "aria-label": "Problems" },
    h(
      "p.dim",
      null,
      `${counted(entries.length, "problem")}, ${counted(list.samples, "sample")}${isFiltered(state) ? " kept by the filters" : ""}`,
    ),
    letters
      ? h(
          "ol.letters",
          null,
          chosen.methods.map((method) => h("li", null, inline(method.label))),
        )
      : null,
    entries.length
      ? h(
          "table.list",
          null,
          h("caption", null, "Pass rate in percent of each problem"),
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              h("th", { scope: "col" }, "problem"),
              heads,
              isDifference
                ? h(
                    "th.number",
                    { scope: "col" },
                    `${letter(chosen.methods.indexOf(b))} − ${letter(chosen.methods.indexOf(a))}`,
                  )
                : null,
              h("th.number", { scope: "col", title: "samples that the filters keep" }, "n"),
            ),
          ),
          h("tbody", null, rows),
        )
      : h("p", null, "No sample passes the filters."),
    pages > 1
      ? h(
          "div.tools",
          null,
          turn(page - 1, "◀ Previous"),
          h("span", null, `page ${shownNumber(page)} of ${shownNumber(pages)}`),
          turn(page + 1, "Next ▶"),
        )
      : null,
  );
}

/** @param {number} at - of a method */
function letter(at) {
  return at < 26 ? String.fromCharCode(65 + at) : String(at + 1);
}

/** @param {string} text @param {number} most */
function shortened(text, most) {
  return text.length > most ? `${text.slice(0, boundary(text, most))}…` : text;
}

/** @param {number} value */
function rateCell(value) {
  if (Number.isNaN(value)) return h("td.number.dim", null, "–");
  const cell = h("td.number.rate", null, shownNumber(100 * value));
  cell.style.setProperty("--share", value.toFixed(3));
  return cell;
}

/** @param {number} value */
function signed(value) {
  if (Number.isNaN(value)) return "–";
  return `${value > 0 ? "+" : ""}${shownNumber(100 * value)}`;
}
