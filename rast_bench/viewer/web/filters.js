// The form that chooses cells and samples. Whatever it changes is changed in the address.

/** @param {Chosen} chosen @param {Index[]} indices - of the chosen cells */
function filterForm(chosen, indices) {
  return h(
    "form.filters",
    { onsubmit: (/** @type {Event} */ event) => event.preventDefault(), "aria-label": "Filters" },
    choice(
      "Data set",
      [...DATASETS, ...(DATASETS.length > 1 ? [ALL] : [])].map((one) => [
        one,
        one === ALL ? "all data sets" : plain(one),
      ]),
      state.dataset === ALL ? ALL : chosen.datasets[0],
      (dataset) =>
        changeFilter({ dataset, cells: idsOf(chosen.methods, dataset), problem: "", sample: 0 }),
    ),
    methodChoice(chosen),
    sortChoice(chosen),
    h(
      "details.more",
      { open: moreIsOpen() },
      h("summary", null, "Filter"),
      h(
        "div.fields",
        null,
        verdictChoices(chosen),
        chosen.cells.some((cell) => cell.graders.length > 1)
          ? check("graders disagree whether correct", state.disagree, (disagree) =>
              changeFilter({ disagree }),
            )
          : null,
        choice(
          "Finish",
          [["", "any"], ...names(indices.flatMap((index) => index.finish))],
          state.finish,
          (finish) => changeFilter({ finish }),
        ),
        h(
          "div.pair",
          null,
          entry("Tokens", state.least || "", (text) => changeFilter({ least: Number(text) || 0 }), {
            type: "number",
            min: 0,
            step: 1,
          }),
          entry(
            "to",
            state.most < Infinity ? state.most : "",
            (text) => changeFilter({ most: text ? Number(text) : Infinity }),
            { type: "number", min: 0, step: 1 },
          ),
        ),
        wordChoice(chosen, indices),
        entry("Response has", state.text, (text) => changeFilter({ text }), {
          type: "search",
          id: "text-search",
        }),
        entry("Id, question", state.find, (find) => changeFilter({ find }), {
          type: "search",
          id: "find-problem",
        }),
        h(
          "button.small",
          { type: "button", onclick: () => changeFilter(withoutFilter()) },
          "Clear all filters",
        ),
      ),
    ),
  );
}

/** The state of a state without filters. @returns {Partial<State>} */
function withoutFilter() {
  return {
    verdicts: new Map(),
    disagree: false,
    finish: "",
    least: 0,
    most: Infinity,
    word: "",
    text: "",
    find: "",
  };
}

/** @param {State} from */
function isFiltered(from) {
  return Boolean(
    from.verdicts.size ||
    from.disagree ||
    from.finish ||
    from.least ||
    from.most < Infinity ||
    from.word ||
    from.text ||
    from.find,
  );
}

function moreIsOpen() {
  const open = /** @type {HTMLDetailsElement | null} */ (document.querySelector("details.more"))
    ?.open;
  return open ?? (isFiltered(state) || window.innerWidth > 900);
}

/** Show other samples: the chosen problem stays, or else the first one is shown. @param {Partial<State>} changes */
function changeFilter(changes) {
  go({ page: 1, ...(isChosen ? {} : { problem: "", sample: 0 }), ...changes });
}

/** @param {string[]} values @returns {[string, string][]} */
function names(values) {
  return [...new Set(values)].map((value) => [value, plain(value)]);
}

/** @param {string} label @param {boolean} checked @param {(checked: boolean) => void} changed */
function check(label, checked, changed) {
  const box = h("input", {
    type: "checkbox",
    onchange: (/** @type {any} */ event) => changed(event.target.checked),
  });
  box.checked = checked;
  return h("label.check", null, box, " ", inline(label));
}

/** @param {string} label @param {any} value @param {(text: string) => void} changed @param {Record<string, any>} attributes */
function entry(label, value, changed, attributes) {
  const input = h("input", {
    ...attributes,
    autocomplete: "off",
    spellcheck: "false",
    onchange: () => changed(input.value),
  });
  input.value = value;
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") changed(input.value);
  });
  return labelled(label, input);
}

/** @param {Chosen} chosen */
function methodChoice(chosen) {
  const sections = [...new Set(METHODS.map((method) => method.section))];
  const there = (/** @type {Method} */ method) =>
    chosen.datasets.some((dataset) => method.cells.has(dataset));
  const old = /** @type {HTMLDetailsElement | null} */ (document.querySelector("details.methods"));
  const change = (/** @type {Method} */ method, /** @type {boolean} */ on) => {
    const methods = METHODS.filter((one) => (one === method ? on : chosen.methods.includes(one)));
    if (methods.length) changeFilter({ cells: idsOf(methods) });
  };
  return h(
    "details.methods",
    { open: old?.open },
    h("summary", null, `Methods (${chosen.methods.length} of ${METHODS.filter(there).length})`),
    sections.map((section) => {
      const methods = METHODS.filter((method) => method.section === section && there(method));
      return methods.length
        ? h(
            "fieldset",
            null,
            section ? h("legend", null, inline(section)) : null,
            methods.map((method) =>
              check(method.label, chosen.methods.includes(method), (on) => change(method, on)),
            ),
          )
        : null;
    }),
  );
}

/** @param {Chosen} chosen */
function sortChoice(chosen) {
  const [a, b] = compared(chosen);
  const options = /** @type {[string, string][]} */ ([
    ["id", "order of the data set"],
    ["rate", "pass rate, lowest first"],
    ["-rate", "pass rate, highest first"],
  ]);
  if (chosen.methods.length > 1)
    options.push(
      ["-diff", "difference B − A, largest first"],
      ["diff", "difference B − A, smallest first"],
    );
  const methods = /** @type {[string, string][]} */ (
    chosen.methods.map((method) => [idsOf([method])[0], plain(method.label)])
  );
  const ofOne = state.sort.endsWith("rate");
  const of = (
    /** @type {string} */ label,
    /** @type {Method} */ method,
    /** @type {"a" | "b"} */ name,
  ) => choice(label, methods, idsOf([method])[0], (id) => changeFilter({ [name]: id }));
  return [
    choice("Sort by", options, state.sort, (sort) =>
      changeFilter({
        sort,
        a: sort === "id" ? "" : state.a,
        b: sort.endsWith("diff") ? state.b : "",
      }),
    ),
    ofOne && chosen.methods.length > 1
      ? choice("of", [["", "all chosen methods"], ...methods], state.a, (id) =>
          changeFilter({ a: id }),
        )
      : null,
    state.sort.endsWith("diff") ? h("div.pair", null, of("A", a, "a"), of("B", b, "b")) : null,
  ];
}

/** @param {Chosen} chosen */
function verdictChoices(chosen) {
  const own = new Set(chosen.cells.map((cell) => cell.grader));
  const others = new Set(chosen.cells.flatMap((cell) => cell.graders));
  if (own.size === 1) own.forEach((grader) => grader && others.delete(grader));
  const label = own.size === 1 ? `${plain([...own][0] || "grader")} says` : "Verdict";
  const notCorrect = VERDICTS.filter((one) => one !== "correct" && one !== "none").join(",");
  const one = (/** @type {string} */ text, /** @type {string} */ grader) => {
    // A link may name the cells' own grader.
    const keys = grader === "" && own.size === 1 ? ["", ...own].map(String) : [grader];
    const value = keys.flatMap((key) => [...(state.verdicts.get(key) || [])]).join(",");
    const options = /** @type {[string, string][]} */ ([
      ["", "any"],
      ["correct", "correct"],
      [notCorrect, "not correct"],
      ...VERDICTS.filter((name) => name !== "correct").map((name) => [name, name]),
    ]);
    if (!options.some(([key]) => key === value))
      options.push([value, value.replaceAll(",", " or ")]);
    return choice(text, options, value, (list) => {
      const verdicts = new Map(state.verdicts);
      for (const key of keys) verdicts.delete(key);
      if (list) verdicts.set(grader, new Set(list.split(",")));
      changeFilter({ verdicts });
    });
  };
  return [
    one(label, ""),
    ...[...others].sort().map((grader) => one(`${plain(grader)} says`, grader)),
  ];
}

/** @param {Chosen} chosen @param {Index[]} indices */
function wordChoice(chosen, indices) {
  if (indices.every((index) => behavioursOf(index).length)) {
    const behaviours = names(indices.flatMap(behavioursOf));
    return choice("Words of", [["", "any"], ...behaviours], state.word, (word) =>
      changeFilter({ word }),
    );
  }
  const button = h(
    "button.small",
    {
      type: "button",
      onclick: async () => {
        button.disabled = true;
        say("Counting behaviour words …");
        try {
          for (const cell of chosen.cells) await countWords(cell);
          say("Behaviour words are counted");
          await show();
        } catch (error) {
          say(`Behaviour words cannot be counted: ${plain(/** @type {Error} */ (error).message)}`);
        }
      },
    },
    "Count behaviour words",
  );
  return h("div", null, button);
}
