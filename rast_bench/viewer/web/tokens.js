// Where ΔR acts: the tokens of a sample, each shaded by a measure, with what the models would rather
// have said.

/**
 * @typedef {{title: string, unit: string, values: (number|null)[]}} TokenMeasure
 * @typedef {{tokens: string[], measures: Record<string, TokenMeasure>,
 *   top: Record<string, [string, number][][]>, composition?: string, lambda?: number}} TokenData
 */

const USUAL_SHADE = "kl"; // the paper's figure 5

/** @type {Map<string, TokenPath>} */
const TOKEN_PATHS = new Map((DATA.tokens || []).map((path) => [tokenBlockName(path), path]));

/** @param {TokenPath} path */
function tokenBlockName(path) {
  return `tokens/${path.cell}/${path.problem}/${path.sample}`;
}

/** @param {number | null} value */
function magnitude(value) {
  return value === null || !Number.isFinite(value) ? 0 : Math.abs(value);
}

/** @param {number} value */
function tokenNumber(value) {
  return Number.isInteger(value)
    ? shownNumber(value)
    : shownNumber(value, Math.abs(value) < 0.095 ? 4 : 2);
}

/**
 * The tokens with their shading, a choice of the measure, and a panel about the token under the
 * pointer or the focus.
 * @param {TokenData} data @param {string} chosen - a measure @param {(name: string) => void} choose
 */
function tokenView(data, chosen, choose) {
  const names = Object.keys(data.measures);
  const name = [chosen, USUAL_SHADE].find((one) => names.includes(one)) ?? names[0];
  const measure = data.measures[name];
  const largest = Math.max(...measure.values.map(magnitude), 1e-9);
  // Logarithmic, so that small values show beside a large one.
  const share = (/** @type {number | null} */ value) =>
    Math.log1p(magnitude(value)) / Math.log1p(largest);
  const panel = h("div.token-panel", { "aria-live": "polite" });
  const spans = data.tokens.map((token, at) => {
    const span = h("span.token", { tabindex: at === 0 ? "0" : "-1" }, tokenNodes(token));
    span.style.setProperty("--share", share(measure.values[at]).toFixed(3));
    if (isChanged(data, at)) span.classList.add("changed");
    span.addEventListener("mouseenter", () => show(at));
    span.addEventListener("focus", () => show(at));
    return span;
  });
  let shown = -1;
  const show = (/** @type {number} */ at) => {
    if (at === shown) return;
    if (shown >= 0) {
      spans[shown].classList.remove("current");
      spans[shown].tabIndex = -1;
    }
    shown = at;
    spans[at].classList.add("current");
    spans[at].tabIndex = 0;
    panel.replaceChildren(...aboutToken(data, at));
  };
  const box = h(
    "div.text.tokens",
    { dir: "ltr", role: "group", "aria-label": "tokens; arrow keys move" },
    spans,
  );
  box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const next = { ArrowRight: shown + 1, ArrowLeft: shown - 1, Home: 0, End: spans.length - 1 }[
      event.key
    ];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    spans[Math.min(spans.length - 1, Math.max(0, next))].focus();
  });
  if (spans.length) show(strongest(measure.values));
  const scale = h(
    "span.scale",
    { "aria-hidden": "true" },
    [0, 0.25, 0.5, 0.75, 1].map((one) => {
      const value = Math.expm1(one * Math.log1p(largest));
      const key = h("span.token", null, tokenNumber(Number(value.toPrecision(2))));
      key.style.setProperty("--share", one.toFixed(2));
      return key;
    }),
  );
  return h(
    "div.token-view",
    null,
    h(
      "div.tools",
      null,
      choice(
        "Shade by",
        names.map((one) => [one, data.measures[one].title]),
        name,
        choose,
      ),
      scale,
      h("span.dim", null, measure.unit),
      data.composition
        ? h(
            "span.dim",
            null,
            inline(
              `RAST here: ${data.composition}${data.lambda === undefined ? "" : `, λ = ${data.lambda}`}`,
            ),
          )
        : null,
      data.tokens.some((_, at) => isChanged(data, at))
        ? h(
            "span.dim",
            null,
            h("span.token.changed", null, "underlined"),
            ": ΔR changes the most likely token",
          )
        : null,
    ),
    box,
    panel,
  );
}

/** Whether ΔR changes which token is most likely. @param {TokenData} data @param {number} at */
function isChanged(data, at) {
  const [before, after] = [data.top.M?.[at]?.[0], data.top.composition?.[at]?.[0]];
  return Boolean(before && after && before[0] !== after[0]);
}

/** @param {(number|null)[]} values */
function strongest(values) {
  let best = 0;
  values.forEach((value, at) => {
    if (magnitude(value) > magnitude(values[best])) best = at;
  });
  return best;
}

/** A token within running text: its line breaks are kept. @param {string} token */
function tokenNodes(token) {
  return token.includes("\n")
    ? [h("span.unseen", { title: "line break" }, "↵"), visible(token)]
    : visible(token);
}

/** A token by itself: its spaces are shown. @param {string} token */
function shownToken(token) {
  return h(
    "code",
    null,
    inline(token.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥")),
  );
}

/** @param {TokenData} data @param {number} at */
function aboutToken(data, at) {
  const facts = Object.values(data.measures).map((measure) => {
    const value = measure.values[at];
    const shown = value === null || value === undefined ? "–" : tokenNumber(value);
    return fact(measure.title, measure.unit ? `${shown} ${measure.unit}` : shown);
  });
  const models = Object.keys(data.top).filter((model) => data.top[model]?.[at]);
  const depth = Math.max(0, ...models.map((model) => data.top[model][at].length));
  const rows = Array.from({ length: depth }, (_, rank) =>
    h(
      "tr",
      null,
      h("th", { scope: "row" }, rank + 1),
      models.map((model) => {
        const [token, probability] = data.top[model][at][rank] || ["", null];
        const same = token === data.tokens[at];
        return h(
          `td${same ? ".same" : ""}`,
          null,
          probability === null
            ? ""
            : [
                shownToken(token),
                h(
                  "span.number",
                  null,
                  ` ${shownNumber(100 * probability, probability < 0.0995 ? 2 : 1)}`,
                ),
              ],
        );
      }),
    ),
  );
  return [
    h("p", null, h("strong", null, `Token ${at + 1}: `), shownToken(data.tokens[at]), " ", facts),
    rows.length
      ? h(
          "div.wide",
          null,
          h(
            "table.top",
            null,
            h("caption", null, "Most likely tokens here, with probabilities in percent"),
            h(
              "thead",
              null,
              h(
                "tr",
                null,
                h("th", { scope: "col" }, "#"),
                models.map((model) =>
                  h("th", { scope: "col" }, model === "composition" ? "RAST" : model),
                ),
              ),
            ),
            h("tbody", null, rows),
          ),
        )
      : null,
  ].filter((one) => one !== null);
}

/**
 * The view of all saved paths.
 * @param {HTMLElement} main @param {() => boolean} stopped - true when something else is shown
 */
async function showTokens(main, stopped) {
  const paths = [...TOKEN_PATHS.entries()];
  const named = `tokens/${state.cells[0]}/${state.problem}/${state.sample}`;
  const current = TOKEN_PATHS.has(named) ? named : paths[0]?.[0];
  const datasets = new Set(
    paths.map(([, path]) => CELLS.get(path.cell)?.dataset).filter((one) => one !== undefined),
  );
  /** @type {Map<string, Problem[]>} */
  const problems = new Map(
    await Promise.all(
      [...datasets].map(
        async (one) =>
          /** @type {[string, Problem[]]} */ ([one, await jsonBlock(`problems/${one}`)]),
      ),
    ),
  );
  if (stopped()) return;
  const problemOf = (/** @type {TokenPath} */ path) =>
    problems.get(CELLS.get(path.cell)?.dataset ?? "")?.[path.problem];
  const title = (/** @type {TokenPath} */ path) =>
    path.title ||
    `${CELLS.get(path.cell)?.title || path.cell}: ${problemOf(path)?.id ?? path.problem}, sample ${path.sample}`;
  const place = h("div.path", null, h("p.dim", null, "Reading …"));
  main.replaceChildren(
    h("h2", null, "Where ΔR acts"),
    h(
      "p.dim",
      null,
      "Tokens of decoded paths, each shaded by how strongly ΔR changes the distribution there. ",
      "Point at a token, or move with the arrow keys, to see what each model finds most likely.",
    ),
    h(
      "div.split",
      null,
      h(
        "nav.paths",
        { "aria-label": "Paths" },
        h(
          "ul",
          null,
          paths.map(([name, path]) =>
            h(
              "li",
              null,
              h(
                "a",
                {
                  href: linkTo({
                    cells: [path.cell],
                    problem: String(path.problem),
                    sample: path.sample,
                  }),
                  "aria-current": name === current ? "true" : null,
                },
                inline(title(path)),
              ),
            ),
          ),
        ),
      ),
      place,
    ),
  );
  if (!current) return;
  const path = /** @type {TokenPath} */ (TOKEN_PATHS.get(current));
  const data = await jsonBlock(current);
  const [cell, problem] = [CELLS.get(path.cell), problemOf(path)];
  place.replaceChildren(
    h("h3", null, inline(title(path))),
    cell && problem && path.title === undefined
      ? h(
          "p",
          null,
          h(
            "a",
            {
              href: writeState({
                ...readState(""),
                view: "samples",
                dataset: cell.dataset,
                cells: withUsual(cell),
                problem: problem.id,
                sample: path.sample,
              }),
            },
            "This sample beside other methods",
          ),
        )
      : "",
    tokenView(data, state.shade, (name) => go({ shade: name })),
  );
}
