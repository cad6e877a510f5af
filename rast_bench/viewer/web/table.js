// The table of results: rows by section, a column per data set, one measure at a time.

// The mean over data sets is a measure of its own; it stands in the last column of the measure's table.
/** @type {Record<string, string>} */
const MEANS = {
  accuracy: "mean accuracy",
  "recovery rate": "recovery rate of the means",
  gain: "mean gain",
};
const MEAN = ""; // key of the column of means
const HEADLINE = "accuracy and recovery";

/**
 * @typedef {{label: string, role: string, cells: Map<string, Result>,
 *   below: Map<string, Result>}} TableRow - results by data set; `below`: a second measure
 * @typedef {{label: string, rows: Map<string, TableRow>}} Section
 */

/** Measures in their order, without those that fill the column of means of another. */
function measureNames() {
  const names = [...new Set(DATA.results.filter((one) => one.main).map((one) => one.measure))];
  const means = new Set(
    Object.entries(MEANS)
      .filter(([name]) => names.includes(name))
      .map(([, mean]) => mean),
  );
  return names.filter((name) => !means.has(name));
}

/** @param {string} measure @returns {number[]} */
function valuesOfK(measure) {
  const found = new Set(
    DATA.results.filter((one) => one.measure === measure && one.k !== null).map((one) => one.k),
  );
  return /** @type {number[]} */ ([...found]).sort((a, b) => a - b);
}

/**
 * @param {string} measure @param {number | null} k @param {string | null} below
 * @returns {{sections: Section[], columns: string[]}}
 */
function tableOf(measure, k, below) {
  /** @type {Map<string, Section>} */
  const sections = new Map();
  /** @type {Set<string>} */
  const columns = new Set();
  for (const result of DATA.results) {
    if (!result.main || result.grid !== null) continue;
    const first =
      result.measure === measure || (result.dataset === null && result.measure === MEANS[measure]);
    const second =
      below !== null &&
      (result.measure === below || (result.dataset === null && result.measure === MEANS[below]));
    if (!(first && (k === null || result.k === k || result.dataset === null)) && !second) continue;
    if (!sections.has(result.section))
      sections.set(result.section, { label: result.section, rows: new Map() });
    const { rows } = /** @type {Section} */ (sections.get(result.section));
    const key = JSON.stringify([result.row, result.role]);
    if (!rows.has(key))
      rows.set(key, { label: result.row, role: result.role, cells: new Map(), below: new Map() });
    const row = /** @type {TableRow} */ (rows.get(key));
    const column = result.dataset ?? MEAN;
    const place = first ? row.cells : row.below;
    if (!place.has(column)) place.set(column, result);
    if (first) columns.add(column);
  }
  const ordered = [...columns].filter((one) => one !== MEAN);
  if (columns.has(MEAN)) ordered.push(MEAN);
  return { sections: [...sections.values()], columns: ordered };
}

/** @param {Result} result @param {number} value */
function inUnit(result, value) {
  return shownNumber(result.unit === "fraction" ? 100 * value : value, result.decimals);
}

/** @param {Result} result */
function isNumber(result) {
  return result.estimate !== null && result.estimate !== undefined;
}

/** @param {Result} result */
function shownResult(result) {
  if (!isNumber(result)) {
    return h(
      "span.dim",
      { title: result.reason || null },
      result.reason && result.reason.length < 24 ? result.reason : result.status,
    );
  }
  const hasInterval = result.low !== null && result.high !== null;
  const withError = result.stderr !== null && (state.spread || !hasInterval);
  const spread = withError
    ? h("span.spread", null, `± ${inUnit(result, /** @type {number} */ (result.stderr))}`)
    : null;
  const interval =
    !hasInterval || (withError && state.spread !== "both")
      ? null
      : h(
          "span.interval",
          { title: `95 % interval over problems${result.interval ? ` (${result.interval})` : ""}` },
          `[${inUnit(result, /** @type {number} */ (result.low))}, ${inUnit(result, /** @type {number} */ (result.high))}]`,
        );
  const p = result.holm_p_value ?? result.p_value;
  return [
    inUnit(result, /** @type {number} */ (result.estimate)),
    spread && " ",
    spread,
    interval && " ",
    interval,
    result.status === "measured" ? null : h("span.dim", null, ` ${result.status}`),
    p === null || p === undefined
      ? null
      : h(
          "span.dim",
          {
            title:
              result.holm_p_value === null
                ? "paired sign-flip test"
                : "paired sign-flip test, Holm's correction",
          },
          p < 0.001 ? " p < 0.001" : ` p = ${shownNumber(p, 3)}`,
        ),
  ];
}

/** @type {Record<string, string>} */
const VERDICT_CLASS = { agrees: "good", differs: "bad" };

/** @param {Result | undefined} result */
function publishedLines(result) {
  return (result?.published || []).map((one) =>
    h(
      "div.published",
      { title: [one.source, one.sense, one.unit].filter(Boolean).join(", ") },
      "paper ",
      inline(String(one.value)),
      " ",
      h(`span.${VERDICT_CLASS[one.verdict] || "dim"}`, null, one.verdict),
    ),
  );
}

/** The cells that a number is looked at with: the base, itself and the ceiling. @param {Section} section @param {string} dataset @param {Result} result */
function cellsBeside(section, dataset, result) {
  const cells = [...section.rows.values()]
    .filter((row) => row.role === "base" || row.role === "ceiling")
    .map((row) => row.cells.get(dataset)?.cell_id);
  return [...new Set([cells[0], result.cell_id, ...cells.slice(1)])]
    .filter((id) => id && CELLS.has(id))
    .map(String);
}

/** The whole table with its controls. */
function resultsTable() {
  const names = measureNames();
  const headline = names.includes("accuracy") && names.includes("recovery rate");
  const options = headline ? [HEADLINE, ...names] : names;
  if (!options.length) return h("p.dim", null, "There are no results of an experiment here.");
  const chosen = options.includes(state.measure) ? state.measure : options[0];
  const measure = chosen === HEADLINE ? "accuracy" : chosen;
  const ks = valuesOfK(measure);
  const k = ks.length ? (ks.includes(Number(state.k)) ? Number(state.k) : ks[ks.length - 1]) : null;
  const { sections, columns } = tableOf(measure, k, chosen === HEADLINE ? "recovery rate" : null);
  const about = DATA.results.find((one) => one.measure === measure);
  const unit =
    about?.unit === "fraction" && !/percent|points/.test(about.title) ? ", in percent" : "";
  const title = `${about?.title || measure}${unit}${k === null ? "" : `, k = ${k}`}`;
  return h(
    "section",
    { "aria-labelledby": "results-title" },
    h("h2", { id: "results-title" }, "Results"),
    h(
      "div.tools",
      null,
      choice(
        "Measure",
        options.map((one) => [one, one]),
        chosen,
        (value) => go({ measure: value, k: "", by: "" }),
      ),
      ks.length > 1
        ? choice(
            "k",
            ks.map((one) => [String(one), String(one)]),
            String(k),
            (value) => go({ k: value }),
          )
        : null,
      choice(
        "Shown with",
        [
          ["", "95 % interval"],
          ["error", "standard error"],
          ["both", "both"],
        ],
        state.spread,
        (value) => go({ spread: value }),
      ),
      copyButton("Copy as CSV", () => csv(tableRows(sections, columns)), "the table"),
    ),
    h(
      "div.wide",
      { tabindex: "0", role: "region", "aria-label": "table of results" },
      h(
        "table.results",
        null,
        h("caption", null, h("span", null, inline(title), ". ", captionOf(measure, chosen))),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th.row", { scope: "col" }, ""),
            columns.map((column) => columnHead(column)),
          ),
        ),
        sections.map((section) => sectionBody(section, columns)),
      ),
    ),
    gridTables(measure, k),
  );
}

/** @param {string} measure @param {string} chosen */
function captionOf(measure, chosen) {
  const known = DATA.results.filter((one) => one.measure === measure && isNumber(one));
  const parts = [];
  if (known.some((one) => one.stderr !== null && (state.spread || one.low === null)))
    parts.push("±: one standard error over problems.");
  if (chosen === HEADLINE || known.some((one) => one.low !== null))
    parts.push("[ ]: 95 % interval over problems.");
  if (DATA.cells.length) parts.push("A number leads to its samples.");
  return parts.join(" ");
}

/** @param {string} column */
function columnHead(column) {
  const name = column === MEAN ? "mean" : column;
  const [sorted, descending] = [state.by.replace(/^-/, "") === name, state.by.startsWith("-")];
  const next = sorted ? (descending ? name : "") : `-${name}`;
  return h(
    "th.number",
    { scope: "col", "aria-sort": sorted ? (descending ? "descending" : "ascending") : "none" },
    h(
      "button.sort",
      { type: "button", "data-sort": name, onclick: () => go({ by: next }) },
      inline(name),
      h("span", { "aria-hidden": "true" }, sorted ? (descending ? " ↓" : " ↑") : " ↕"),
    ),
  );
}

/** @param {Section} section @param {string[]} columns */
function sectionBody(section, columns) {
  const rows = [...section.rows.values()].filter((row) => row.cells.size);
  if (!rows.length) return null;
  const descending = state.by.startsWith("-");
  const name = state.by.replace(/^-/, "");
  const column = name === "mean" ? MEAN : name;
  if (name && columns.includes(column)) {
    const value = (/** @type {TableRow} */ row) => row.cells.get(column)?.estimate ?? null;
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      return descending ? y - x : x - y;
    });
  }
  return h(
    "tbody",
    null,
    h(
      "tr.section",
      null,
      h("th", { scope: "rowgroup", colspan: columns.length + 1 }, inline(section.label)),
    ),
    rows.map((row) => [
      h(
        `tr.role-${/^[a-z]+$/.test(row.role) ? row.role : "other"}`,
        null,
        h("th.row", { scope: "row" }, inline(row.label)),
        columns.map((at) => resultCell(row.cells.get(at), section)),
      ),
      (row.role === "rast" && row.below.size) || [...row.below.values()].some(isNumber)
        ? h(
            "tr.second",
            null,
            h("th.row", { scope: "row" }, "recovery, %"),
            columns.map((at) => resultCell(row.below.get(at), null)),
          )
        : null,
    ]),
  );
}

/** @param {Result | undefined} result @param {Section | null} section - for the cells that are looked at beside it */
function resultCell(result, section) {
  if (!result) return h("td.number", null, section ? h("span.dim", null, "–") : null);
  const shown = shownResult(result);
  const size =
    result.problems === null || result.samples === null
      ? null
      : `${counted(result.problems, "problem")} × ${counted(result.samples, "sample")}`;
  const { dataset } = result;
  const isLink =
    dataset !== null && isNumber(result) && result.cell_id !== null && CELLS.has(result.cell_id);
  return h(
    "td.number",
    { title: size },
    isLink
      ? h(
          "a.plain",
          {
            href: samplesOf(
              dataset,
              section ? cellsBeside(section, dataset, result) : [result.cell_id],
            ),
          },
          shown,
        )
      : shown,
    publishedLines(result),
  );
}

/** @param {string} dataset @param {any[]} cells */
function samplesOf(dataset, cells) {
  return writeState({ ...readState(""), view: "samples", dataset, cells });
}

/** Tables of λ × τ, one for each grid and data set. @param {string} measure @param {number | null} k */
function gridTables(measure, k) {
  /** @type {Map<string, Result[]>} */
  const grids = new Map();
  for (const one of DATA.results) {
    if (one.grid === null || !one.main || one.measure !== measure || (k !== null && one.k !== k))
      continue;
    const title = `${one.grid === one.row ? one.row : `${one.grid}, ${one.row}`}${one.dataset === null ? "" : ` on ${one.dataset}`}`;
    grids.set(title, [...(grids.get(title) || []), one]);
  }
  return [...grids].map(([title, results]) => {
    const axis = (/** @type {(one: Result) => number | null} */ of) =>
      [...new Set(results.map((one) => of(one) ?? 0))].sort((x, y) => x - y);
    const [lambdas, temperatures] = [axis((one) => one.lambda), axis((one) => one.temperature)];
    const at = (/** @type {number} */ lambda, /** @type {number} */ temperature) =>
      results.find((one) => (one.lambda ?? 0) === lambda && (one.temperature ?? 0) === temperature);
    return h(
      "details",
      { open: grids.size === 1 },
      h("summary", null, "λ × τ: ", inline(title)),
      h(
        "div.wide",
        { tabindex: "0", role: "region", "aria-label": plain(title) },
        h(
          "table.data.grid",
          null,
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              h("th", { scope: "col" }, ""),
              temperatures.map((one) =>
                h("th.number", { scope: "col" }, one ? `τ = ${one}` : "greedy"),
              ),
            ),
          ),
          h(
            "tbody",
            null,
            lambdas.map((lambda) =>
              h(
                "tr",
                null,
                h("th", { scope: "row" }, `λ = ${lambda}`),
                temperatures.map((one) => resultCell(at(lambda, one), null)),
              ),
            ),
          ),
        ),
      ),
    );
  });
}

/** The table's numbers unrounded, in rows. @param {Section[]} sections @param {string[]} columns */
function tableRows(sections, columns) {
  const rows = [
    [
      "section",
      "row",
      "dataset",
      "measure",
      "k",
      "unit",
      "estimate",
      "standard_error",
      "low",
      "high",
      "status",
    ],
  ];
  for (const section of sections) {
    for (const row of section.rows.values()) {
      for (const column of columns) {
        for (const one of [row.cells.get(column), row.below.get(column)]) {
          if (!one) continue;
          rows.push(
            /** @type {any} */ ([
              section.label,
              row.label,
              one.dataset ?? "mean",
              one.measure,
              one.k,
              one.unit,
              one.estimate,
              one.stderr,
              one.low,
              one.high,
              one.status,
            ]),
          );
        }
      }
    }
  }
  return rows;
}
