// The first view: results, charts, notes, and where all of it came from.

/** @param {HTMLElement} main @returns {() => void} shows a changed state of the same view */
function showOverview(main) {
  const table = h("div", null, resultsTable());
  const charts = h("div", null, DATA.charts.length ? chartsSection() : null);
  let group = state.charts;
  main.replaceChildren(
    table,
    charts,
    DATA.notes.length
      ? h(
          "section.notes",
          { "aria-labelledby": "notes-title" },
          h("h2", { id: "notes-title" }, "Notes"),
          h(
            "ul",
            null,
            DATA.notes.map((note) => h("li", null, inline(note))),
          ),
        )
      : "",
    DATA.cells.length ? cellsTable() : "",
    provenance(),
  );
  return () => {
    keepFocus(table, () => table.replaceChildren(resultsTable()));
    if (group !== state.charts) keepFocus(charts, () => charts.replaceChildren(chartsSection()));
    group = state.charts;
  };
}

/** All cells, with links to their samples. */
function cellsTable() {
  const rows = DATA.cells.map((cell) =>
    h(
      "tr",
      null,
      h(
        "th.row",
        { scope: "row" },
        h(
          "a",
          {
            href: writeState({
              ...readState(""),
              view: "samples",
              dataset: cell.dataset,
              cells: [cell.id],
            }),
          },
          inline(cell.title || cell.id),
        ),
      ),
      h("td", null, inline(cell.dataset)),
      h("td.number", null, cell.lambda === null ? "" : String(cell.lambda)),
      h("td.number", null, cell.temperature ? String(cell.temperature) : "greedy"),
      h("td.number", null, shownNumber(cell.problems)),
      h("td.number", null, shownNumber(cell.samples)),
      h(
        "td",
        null,
        cell.status === "complete"
          ? "complete"
          : h(
              "span.warn",
              { title: cell.wanted ? `${cell.samples} of ${cell.wanted} samples` : null },
              cell.status,
            ),
      ),
      h("td", null, inline((cell.graders || []).join(", "))),
      h("td", null, h("code", null, cell.id)),
    ),
  );
  const heads = ["cell", "data set", "λ", "τ", "problems", "samples", "status", "graders", "id"];
  return h(
    "section",
    { "aria-labelledby": "cells-title" },
    h("h2", { id: "cells-title" }, "Samples"),
    h(
      "p",
      null,
      h("a", { href: writeState({ ...readState(""), view: "samples" }) }, "Browse the samples"),
      " of ",
      counted(DATA.cells.length, "cell"),
      ", ",
      counted(
        DATA.cells.reduce((sum, cell) => sum + cell.samples, 0),
        "sample",
      ),
      " in all.",
    ),
    h(
      "details",
      null,
      h("summary", null, "All cells"),
      h(
        "div.wide",
        { tabindex: "0", role: "region", "aria-label": "cells" },
        h(
          "table.data",
          null,
          h(
            "thead",
            null,
            h(
              "tr",
              null,
              heads.map((head) => h("th", { scope: "col" }, head)),
            ),
          ),
          h("tbody", null, rows),
        ),
      ),
    ),
  );
}

/** Commits, models, engine, dates and the commands, which can be copied. */
function provenance() {
  const { command, time, commit, version } = DATA.made;
  const made = [
    time.slice(0, 16).replace("T", " "),
    `rast-bench ${version}`,
    commit ? `commit ${commit.slice(0, 10)}` : "",
  ];
  const entries = [
    ...DATA.provenance,
    { label: "this page", value: made.filter(Boolean).join(", ") },
    { label: "made by", value: command, command: true },
  ];
  return h(
    "section.provenance",
    { "aria-labelledby": "provenance-title" },
    h("h2", { id: "provenance-title" }, "Where this came from"),
    h(
      "dl",
      null,
      entries.map(({ label, value, command: isCommand }) =>
        h(
          "div",
          null,
          h("dt", null, inline(label)),
          h(
            "dd",
            null,
            isCommand
              ? value
                  .split("\n")
                  .filter(Boolean)
                  .map((line) =>
                    h(
                      "div.command",
                      null,
                      h("code", null, inline(line)),
                      copyButton("Copy", () => line, "the command"),
                    ),
                  )
              : inline(value),
          ),
        ),
      ),
    ),
  );
}
