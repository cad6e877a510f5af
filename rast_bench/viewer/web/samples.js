// The sample browser: filters and problems on the left, one problem on the right.

let isChosen = false; // whether the address names a problem; else the first is shown
let lastProblem = ""; // that was shown

/** @param {HTMLElement} main @param {() => boolean} stopped - true when something else is shown */
async function showSamples(main, stopped) {
  const chosen = selected();
  if (!chosen.cells.length) {
    main.replaceChildren(h("p", null, "There are no samples here."));
    return;
  }
  if (!main.querySelector(".browser")) {
    main.replaceChildren(
      h(
        "div.browser",
        null,
        h(
          "aside",
          { "aria-label": "Choice of samples" },
          h("div", { id: "filters" }),
          h("div", { id: "problems" }),
        ),
        h("div", { id: "detail" }, h("p.dim", null, "Reading the samples …")),
      ),
    );
  }
  if (state.latex) await startFormulas();
  const indices = await Promise.all(chosen.cells.map(indexOf));
  if (state.word) for (const cell of chosen.cells) await countWords(cell);
  if (stopped()) return;
  keepFocus(byId("filters"), () => byId("filters").replaceChildren(filterForm(chosen, indices)));
  const list = await listProblems(chosen, stopped);
  if (!list || stopped()) return;
  const current = currentEntry(list) ?? (await hiddenEntry(chosen));
  if (stopped()) return;
  isChosen = Boolean(state.problem);
  if (current && !isChosen)
    state = { ...state, problem: problemName(current, chosen), sample: firstSample(list, current) };
  keepFocus(byId("problems"), () => byId("problems").replaceChildren(problemTable(list, current)));
  if (!current) {
    byId("detail").replaceChildren(
      h(
        "p.dim",
        null,
        state.problem
          ? `There is no problem ${plain(state.problem)} here.`
          : "Choose other filters to see samples.",
      ),
    );
    return;
  }
  const { element, ready } = problemDetail(list, current);
  await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, 150))]); // no flicker where texts are at hand
  if (stopped()) return;
  byId("detail").replaceChildren(element);
  const isNew = isChosen && state.problem !== lastProblem;
  lastProblem = state.problem;
  if (isNew && byId("detail").offsetTop > window.innerHeight) byId("detail").scrollIntoView(); // on a phone
  await ready;
}

/** @param {ProblemList} list */
function currentEntry(list) {
  if (!state.problem) return list.entries[(Math.max(1, state.page) - 1) * PAGE] ?? list.entries[0];
  return list.entries.find(
    (one) => problemName(one, list.chosen) === state.problem || one.problem.id === state.problem,
  );
}

/** The problem of a link though the filters do not keep it. @param {Chosen} chosen @returns {Promise<Entry | undefined>} */
async function hiddenEntry(chosen) {
  if (!state.problem) return undefined;
  for (const dataset of chosen.datasets) {
    /** @type {Problem[]} */
    const problems = await jsonBlock(`problems/${dataset}`);
    const position = problems.findIndex(
      (one) => one.id === state.problem || `${dataset}/${one.id}` === state.problem,
    );
    if (position >= 0)
      return { dataset, position, problem: problems[position], matches: 0, rank: NaN };
  }
  return undefined;
}

/**
 * Replace a part of the page, and put the focus back on the control that had it.
 * @param {HTMLElement} place @param {() => void} replace
 */
function keepFocus(place, replace) {
  const controls = () => [
    .../** @type {NodeListOf<HTMLElement>} */ (
      place.querySelectorAll("select, input, button, a, summary")
    ),
  ];
  const at = controls().indexOf(/** @type {HTMLElement} */ (document.activeElement));
  replace();
  if (at >= 0) controls()[Math.min(at, controls().length - 1)]?.focus({ preventScroll: true });
}
