// Charts: Vega-Lite specifications with their data, drawn when they come into sight. Vega runs with
// its interpreter of expressions, so that the page's policy can forbid `eval`.

const TABLE_ROWS = 200; // rows of "data behind it" that are shown at once

/** @returns {Promise<any>} the module Vega, with Vega-Lite beside it */
async function startCharts() {
  await library("charts");
  return /** @type {any} */ (window).vega;
}

/** Vega's colours and fonts, from the page's own. */
function chartTheme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const [text, dim, line] = [colour("--text"), colour("--dim"), colour("--line")];
  const font = getComputedStyle(document.body).fontFamily;
  return {
    background: null,
    font,
    view: { stroke: line },
    axis: {
      labelColor: dim,
      titleColor: text,
      gridColor: line,
      domainColor: dim,
      tickColor: dim,
      titleFontWeight: "normal",
    },
    legend: { labelColor: text, titleColor: text, titleFontWeight: "normal" },
    header: { labelColor: text, titleColor: text },
    title: { color: text },
    rule: { color: dim },
    text: { color: text },
  };
}

/** @typedef {{id: string, title: string, alt: string, spec: any}} Chart */

/** Redraw functions of the charts that were drawn: colours follow the reader's light or dark mode. @type {Map<string, () => Promise<void>>} */
const drawn = new Map();

/** Charts that nobody has seen yet. @type {Set<() => Promise<void>>} */
const undrawn = new Set();

/** Draw all that is on the page, for a printer. */
function drawAll() {
  for (const draw of undrawn) draw();
  undrawn.clear();
}

/** @param {Chart} chart */
function chartFigure(chart) {
  const place = h("div", { "aria-hidden": "true" }); // Vega gives it a role and a text of its own
  const image = h(
    "div.chart",
    { role: "img", "aria-label": plain(chart.alt || chart.title) },
    place,
  );
  const figure = h(
    "figure",
    { id: `chart-${chart.id}` },
    h("figcaption", null, inline(chart.title)),
    h("div.wide", null, image),
    dataBehind(chart),
  );
  const draw = async () => {
    drawn.set(chart.id, draw);
    try {
      await drawChart(chart.spec, place);
    } catch (error) {
      place.replaceChildren(
        h("p.bad", null, `This chart cannot be drawn: ${plain(String(error))}`),
      );
    }
  };
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      if (undrawn.delete(draw)) whenIdle(draw);
    },
    { rootMargin: "400px" },
  );
  undrawn.add(draw);
  watcher.observe(image);
  return figure;
}

/** Charts wait for the table: the first of them takes half a second. @param {() => void} work */
function whenIdle(work) {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 2000 });
  else setTimeout(work, 50);
}

const FEW_CHARTS = 6; // more of them are shown a group at a time

/** "pass@k: tiny-l on tiny-hard" is one of the group "pass@k". @param {Chart} chart */
function chartGroup(chart) {
  return chart.title.split(":")[0];
}

/** All charts, or those of the chosen group. */
function chartsSection() {
  const groups = [...new Set(DATA.charts.map(chartGroup))];
  const isLong = DATA.charts.length > FEW_CHARTS && groups.length > 1;
  const group = groups.includes(state.charts) || state.charts === ALL ? state.charts : groups[0];
  const shown =
    isLong && group !== ALL
      ? DATA.charts.filter((chart) => chartGroup(chart) === group)
      : DATA.charts;
  const options = /** @type {[string, string][]} */ ([
    ...groups.map((one) => [one, plain(one)]),
    [ALL, `all ${DATA.charts.length}`],
  ]);
  drawn.clear();
  undrawn.clear();
  return h(
    "section",
    { "aria-labelledby": "charts-title" },
    h("h2", { id: "charts-title" }, "Charts"),
    isLong
      ? h(
          "div.tools",
          null,
          choice("Show", options, group, (charts) => go({ charts })),
        )
      : null,
    h("div.charts", null, shown.map(chartFigure)),
  );
}

/** What Vega runs for each chart. @type {WeakMap<HTMLElement, any>} */
const views = new WeakMap();

/** @param {any} spec @param {HTMLElement} place */
async function drawChart(spec, place) {
  const vega = await startCharts();
  const lite = /** @type {any} */ (window).vegaLite;
  const logger = vega.logger(vega.Error);
  const compiled = lite.compile(spec, { config: chartTheme(), logger }).spec;
  const none = {
    load: () => Promise.reject(new Error("a chart loads nothing")),
    sanitize: () => Promise.reject(new Error("a chart has no links")),
  };
  views.get(place)?.finalize();
  const view = new vega.View(vega.parse(compiled, undefined, { ast: true }), {
    expr: /** @type {any} */ (window).vegaInterpreter,
    renderer: "svg",
    container: place,
    hover: true,
    loader: none,
    logLevel: vega.Error,
    tooltip: chartTooltip,
  });
  views.set(place, view);
  await view.runAsync();
  place.parentElement?.classList.add("drawn");
}

/** @param {any} _ @param {any} event @param {any} item @param {any} value */
function chartTooltip(_, event, item, value) {
  const old = byId("tooltip");
  if (value === null || value === undefined || value === "") {
    old?.remove();
    return;
  }
  const tip = old || h("div", { id: "tooltip", role: "presentation" });
  tip.replaceChildren(
    typeof value === "object"
      ? h(
          "table",
          null,
          Object.entries(value).map(([name, one]) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, inline(name)),
              h("td", null, inline(String(one))),
            ),
          ),
        )
      : inline(String(value)),
  );
  if (!old) document.body.append(tip);
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 12, window.innerHeight - tip.offsetHeight - 4))}px`;
}

/** Rows of all data in a specification. @param {any} spec @returns {Record<string, any>[]} */
function chartRows(spec) {
  /** @type {Record<string, any>[]} */
  const rows = [];
  const seen = new Set();
  const take = (/** @type {any} */ one) => {
    if (!one || typeof one !== "object" || seen.has(one)) return;
    seen.add(one);
    if (Array.isArray(one.values))
      rows.push(
        ...one.values.map((/** @type {any} */ row) =>
          typeof row === "object" ? row : { value: row },
        ),
      );
  };
  const walk = (/** @type {any} */ part) => {
    if (!part || typeof part !== "object") return;
    take(part.data);
    for (const key of ["layer", "hconcat", "vconcat", "concat"]) (part[key] || []).forEach(walk);
    if (part.spec) walk(part.spec);
  };
  walk(spec);
  for (const values of Object.values(spec.datasets || {})) take({ values });
  return rows;
}

/** @param {Chart} chart */
function dataBehind(chart) {
  const place = h("div");
  const fill = () => {
    if (place.firstChild) return;
    const rows = chartRows(chart.spec);
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const cell = (/** @type {any} */ value) =>
      typeof value === "number"
        ? h("td.number", null, String(Number(value.toPrecision(6))).replace("-", "−"))
        : h(
            "td",
            null,
            value === null || value === undefined
              ? ""
              : inline(typeof value === "object" ? JSON.stringify(value) : String(value)),
          );
    const body = h("tbody");
    const add = (/** @type {number} */ from, /** @type {number} */ to) =>
      body.append(
        ...rows.slice(from, to).map((row) =>
          h(
            "tr",
            null,
            names.map((name) => cell(row[name])),
          ),
        ),
      );
    add(0, TABLE_ROWS);
    const rest = rows.length - TABLE_ROWS;
    place.append(
      h("p.dim", null, inline(chart.alt)),
      h(
        "div.tools",
        null,
        copyButton(
          "Copy as CSV",
          () => csv([names, ...rows.map((row) => names.map((name) => row[name]))]),
          "the data",
        ),
      ),
      h(
        "div.wide",
        { tabindex: "0", role: "region", "aria-label": "data of the chart" },
        h(
          "table.data",
          null,
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              names.map((name) => h("th", { scope: "col" }, inline(name))),
            ),
          ),
          body,
        ),
      ),
    );
    if (rest > 0) {
      const more = h(
        "button.small",
        {
          type: "button",
          onclick: () => {
            add(TABLE_ROWS, rows.length);
            more.remove();
          },
        },
        `Show ${counted(rest, "more row")}`,
      );
      place.append(more);
    }
  };
  return h("details", { ontoggle: fill }, h("summary", null, "Data behind it"), place);
}
