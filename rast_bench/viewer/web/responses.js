// One problem, and beside each other what the chosen methods said to it.

/** @type {Record<string, string>} */
const SIGNS = {
  correct: "✓",
  wrong: "✗",
  undecided: "?",
  unparsed: "∅",
  truncated: "…",
  timeout: "⌛",
  none: "–",
};

/** @param {string} verdict */
function verdictClass(verdict) {
  return Object.hasOwn(SIGNS, verdict) ? `v-${verdict}` : "v-none";
}

/** @param {string} verdict */
function badge(verdict) {
  return h(
    `span.badge.${verdictClass(verdict)}`,
    null,
    `${SIGNS[verdict] ?? "–"} ${plain(verdict)}`,
  );
}

/**
 * @param {ProblemList} list @param {Entry} one
 * @returns {{element: HTMLElement, ready: Promise<void>}} `ready` once the texts are there
 */
function problemDetail(list, one) {
  const { chosen } = list;
  const methods = chosen.methods.filter((method) => method.cells.has(one.dataset));
  const columns = methods.map((method) => ({
    method,
    cell: /** @type {Cell} */ (method.cells.get(one.dataset)),
  }));
  const places = columns.map(() => h("article.response", null, h("p.dim", null, "Reading …")));
  const records = columns.map(() => /** @type {any} */ (null));
  const element = h(
    "section.problem",
    { "aria-label": plain(`problem ${one.problem.id}`) },
    detailHead(list, one, () => JSON.stringify(records.filter(Boolean), null, 2)),
    h(
      "div.statement",
      null,
      h("h3", null, "Question"),
      one.problem.question === null
        ? h("p.dim", null, "The data set is not available here.")
        : textBlock(one.problem.question, null, state.latex),
      h(
        "p.gold",
        null,
        h("span.dim", null, "Gold answer "),
        one.problem.gold === null ? "–" : goldText(one.problem.gold),
      ),
    ),
    strips(list, one, columns),
    h("div.responses", null, places),
  );
  const fill = async (/** @type {number} */ at) => {
    const { method, cell } = columns[at];
    try {
      records[at] = await responseInto(places[at], list, one, method, cell, at);
    } catch (error) {
      places[at].replaceChildren(
        h("h3", null, inline(method.label)),
        h("p.bad", null, plain(/** @type {Error} */ (error).message)),
      );
    }
  };
  return { element, ready: Promise.all(columns.map((_, at) => fill(at))).then(() => undefined) };
}

/** @param {string} gold */
function goldText(gold) {
  if (state.latex && gold.length < 200) {
    const formula = drawnFormula(gold, false);
    if (formula) return formula;
  }
  return h("code", { title: gold.length > 200 ? "shortened" : null }, inline(shortened(gold, 200)));
}

/** @param {ProblemList} list @param {Entry} one @param {() => string} json */
function detailHead(list, one, json) {
  const at = list.entries.indexOf(one);
  const samples = keptSamples(list, one);
  const move = (
    /** @type {string} */ text,
    /** @type {string} */ label,
    /** @type {string} */ keys,
    /** @type {Partial<State> | null} */ to,
  ) =>
    to
      ? h(
          "a.button.small",
          {
            href: linkTo(to),
            title: `${label} (key ${keys})`,
            "aria-label": label,
            "data-key": keys,
          },
          text,
        )
      : h("span.button.small.off", { "aria-hidden": "true" }, text);
  const before = samples.filter((index) => index < state.sample).pop();
  const after = samples.find((index) => index > state.sample);
  return h(
    "div.detail-head",
    null,
    h(
      "h2",
      null,
      inline(shortened(one.problem.id, 120)),
      " ",
      h("span.dim", null, inline(one.dataset)),
    ),
    h(
      "div.tools",
      null,
      h(
        "span.group",
        null,
        move("◀", "previous problem", "k", problemStep(list, at - 1)),
        h(
          "span",
          null,
          at >= 0
            ? `problem ${shownNumber(at + 1)} of ${shownNumber(list.entries.length)}`
            : "problem not kept by the filters",
        ),
        move("▶", "next problem", "j", problemStep(list, at + 1)),
      ),
      h(
        "span.group",
        null,
        move("◀", "previous sample", "p", before === undefined ? null : { sample: before }),
        h("span", null, `sample ${shownNumber(state.sample)}`),
        move("▶", "next sample", "n", after === undefined ? null : { sample: after }),
      ),
      h(
        "button.small",
        {
          type: "button",
          "aria-pressed": String(state.latex),
          "data-key": "x",
          onclick: () => go({ latex: !state.latex }),
        },
        "LaTeX",
      ),
      copyButton("Copy as JSON", json, "the problem and its responses"),
    ),
  );
}

/** @param {ProblemList} list @param {number} at @returns {Partial<State> | null} */
function problemStep(list, at) {
  const to = list.entries[at];
  if (!to) return null;
  return {
    problem: problemName(to, list.chosen),
    sample: firstSample(list, to),
    page: Math.floor(at / PAGE) + 1,
  };
}

/**
 * All samples of the problem as signs of their verdicts, a line per method.
 * @param {ProblemList} list @param {Entry} one @param {{method: Method, cell: Cell}[]} columns
 */
function strips(list, one, columns) {
  const lines = columns.map(({ cell }, at) => {
    const index = /** @type {Index} */ (list.indices.get(cell.id));
    const [first, end] = rowsOf(index, one.position);
    const sample = /** @type {Column} */ (index.columns.get("sample"));
    const verdicts = verdictsOf(index, cell.grader);
    const keep = list.keeps.get(cell.id);
    const links = [];
    for (let row = first; row < Math.min(end, first + 256); row++) {
      const verdict = verdicts ? index.verdicts[verdicts[row]] : "none";
      const kept = keep && keep[row] ? ".kept" : "";
      links.push(
        h(
          `a.dot.${verdictClass(verdict)}${kept}`,
          {
            href: linkTo({ sample: sample[row] }),
            tabindex: "-1",
            title: `sample ${sample[row]}: ${plain(verdict)}`,
            "aria-label": `sample ${sample[row]}: ${plain(verdict)}`,
            "aria-current": sample[row] === state.sample ? "true" : null,
          },
          SIGNS[verdict] ?? "–",
        ),
      );
    }
    if (end - first > 256) links.push(h("span.dim", null, ` … ${shownNumber(end - first)} in all`));
    return h(
      "div.strip",
      null,
      h("span.letter", null, letter(list.chosen.methods.indexOf(columns[at].method))),
      h("span.dots", null, links),
    );
  });
  return h(
    "div.strips",
    { role: "group", "aria-label": "all samples of this problem by verdict" },
    lines,
  );
}

/**
 * @param {HTMLElement} place @param {ProblemList} list @param {Entry} one @param {Method} method @param {Cell} cell
 * @param {number} at @returns {Promise<any>} what is copied as JSON
 */
async function responseInto(place, list, one, method, cell, at) {
  const { prompt, samples } = await textsOf(cell, one.position);
  const sample = samples.find(({ i }) => i === state.sample) || samples[samples.length - 1];
  const heading = h(
    "h3",
    { title: plain(cell.title) },
    list.chosen.methods.length > 1
      ? h("span.letter", null, letter(list.chosen.methods.indexOf(method)))
      : null,
    inline(method.label),
  );
  if (!sample) {
    place.replaceChildren(heading, h("p.dim", null, "There is no sample of this problem."));
    return null;
  }
  const index = /** @type {Index} */ (list.indices.get(cell.id));
  const facts = rowFacts(index, one.position, sample.i);
  const grader =
    cell.grader !== null && sample.verdicts[cell.grader]
      ? cell.grader
      : Object.keys(sample.verdicts)[0];
  const own = grader === undefined ? undefined : sample.verdicts[grader];
  const span = answerSpan(sample.text, own?.extracted);
  const record = {
    cell_id: cell.id,
    title: cell.title,
    dataset: one.dataset,
    problem_id: one.problem.id,
    sample_index: sample.i,
    seed: sample.seed,
    question: one.problem.question,
    gold: one.problem.gold,
    prompt,
    response: sample.text,
    finish_reason: facts?.finish ?? null,
    token_count: facts?.tokens ?? null,
    verdicts: sample.verdicts,
  };
  const path = { cell: cell.id, problem: one.position, sample: sample.i };
  const hasTokens = TOKEN_PATHS.has(tokenBlockName(path));
  const body =
    hasTokens && state.shade
      ? tokenView(await jsonBlock(tokenBlockName(path)), state.shade, (shade) => go({ shade }))
      : textBlock(sample.text, span, state.latex);
  const shades = hasTokens
    ? h(
        "button.small",
        {
          type: "button",
          "aria-pressed": String(Boolean(state.shade)),
          onclick: () => go({ shade: state.shade ? "" : USUAL_SHADE }),
        },
        "Where ΔR acts",
      )
    : null;
  place.replaceChildren(
    heading,
    sample.i === state.sample
      ? ""
      : h(
          "p.warn",
          null,
          `This cell has no sample ${state.sample} here: sample ${sample.i} is shown.`,
        ),
    h(
      "div.verdicts",
      null,
      own ? verdictLine(grader, own, null) : badge("none"),
      Object.entries(sample.verdicts).map(([name, one]) =>
        name === grader ? null : verdictLine(name, one, own ?? null),
      ),
    ),
    body,
    own?.extracted && !span
      ? h("p.dim", null, "The extracted answer does not stand in the response literally.")
      : "",
    h(
      "p.facts",
      null,
      facts
        ? [fact("tokens", shownNumber(facts.tokens)), fact("finish", plain(facts.finish))]
        : null,
      fact("sample", String(sample.i)),
      fact("seed", h("code", null, plain(sample.seed))),
    ),
    h(
      "details",
      null,
      h("summary", null, "Prompt as sent"),
      prompt === null
        ? h("p.dim", null, "The prompt is not available here.")
        : textBlock(prompt, null, false),
    ),
    h(
      "div.tools",
      null,
      shades,
      copyButton(
        "Copy as JSON",
        () => JSON.stringify(record, null, 2),
        `the response of ${plain(method.label)}`,
      ),
    ),
  );
  return record;
}

/** @param {string} label @param {Node | string} value */
function fact(label, value) {
  return [h("span.fact", null, h("span.dim", null, `${label} `), value), " "];
}

/** @param {Index} index @param {number} problem @param {number} sample @returns {{tokens: number, finish: string} | null} */
function rowFacts(index, problem, sample) {
  const column = /** @type {Column} */ (index.columns.get("sample"));
  const [first, end] = rowsOf(index, problem);
  for (let row = first; row < end; row++) {
    if (column[row] === sample) {
      return {
        tokens: index.columns.get("tokens")?.[row] ?? 0,
        finish: index.finish[index.columns.get("finish")?.[row] ?? 0] ?? "",
      };
    }
  }
  return null;
}

/**
 * One grader's verdict and what led to it; of another grader than the cell's own, what differs.
 * @param {string} grader @param {Verdict} one @param {Verdict | null} own
 */
function verdictLine(grader, one, own) {
  const ruleOf = (/** @type {Verdict} */ verdict) =>
    [...new Set([verdict.rule, verdict.reason])].filter(Boolean).join(", ");
  const rule = ruleOf(one);
  const extracted = one.extracted ?? null;
  return h(
    "div.verdict",
    null,
    h("div", null, badge(one.verdict), h("span.dim", null, " by "), inline(grader)),
    own && (own.extracted ?? null) === extracted
      ? null
      : fact(
          "extracted",
          extracted === null
            ? h("span.dim", null, "nothing")
            : h("code", null, inline(shortened(extracted, 200))),
        ),
    rule && !(own && ruleOf(own) === rule) ? fact("rule", inline(rule)) : null,
    one.extraction && !(own && own.extraction === one.extraction)
      ? fact("found by", inline(one.extraction))
      : null,
  );
}
