// Views, keys, and the start.

/** @type {[string, string][]} */
const KEYS = [
  ["j, k", "next, previous problem"],
  ["n, p", "next, previous sample that the filters keep"],
  ["x", "draw LaTeX, or not"],
  ["/", "search the responses"],
  ["o, s", "overview, samples"],
  ["c", "copy a link to what is shown"],
  ["?", "these keys"],
];

let visit = 0; // counts changes of the state: what was begun for an older one is given up
let shownView = "";
/** @type {() => void} */
let renewOverview = () => undefined;

function header() {
  const link = (/** @type {string} */ view, /** @type {string} */ text) =>
    h("a", { href: writeState({ ...readState(""), view }), "data-view": view }, text);
  return [
    h("h1", null, inline(DATA.title)),
    h(
      "nav",
      { "aria-label": "Views" },
      link("overview", "Overview"),
      DATA.cells.length ? link("samples", "Samples") : null,
      TOKEN_PATHS.size ? link("tokens", "Where ΔR acts") : null,
      h("button.small", { type: "button", onclick: showKeys, title: "Keys (?)" }, "Keys"),
    ),
  ];
}

/** Show the state that the address names. */
async function show() {
  const now = ++visit;
  const stopped = () => now !== visit;
  state = readState(location.hash || DATA.start || "");
  const main = byId("main");
  const changed = state.view !== shownView;
  shownView = state.view;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.getAttribute("data-view") === state.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const view = { overview: "", samples: "samples – ", tokens: "where ΔR acts – " }[state.view];
  document.title = plain(
    `${state.view === "samples" && state.problem ? `${state.problem} – ` : ""}${view}${DATA.title}`,
  );
  byId("tooltip")?.remove();
  document.body.setAttribute("aria-busy", "true");
  try {
    if (state.view === "samples") await showSamples(main, stopped);
    else if (state.view === "tokens") await showTokens(main, stopped);
    else if (changed) renewOverview = showOverview(main);
    else renewOverview();
  } catch (error) {
    if (stopped()) return;
    main.replaceChildren(
      h(
        "p.bad",
        { role: "alert" },
        `This cannot be shown: ${plain(/** @type {Error} */ (error).message)}`,
      ),
      error instanceof StaleError
        ? h("button", { type: "button", onclick: () => location.reload() }, "Reload")
        : "",
    );
    shownView = "";
  }
  if (stopped()) return;
  document.body.setAttribute("aria-busy", "false");
  document.body.dataset.shown = location.hash;
  if (changed) window.scrollTo(0, 0);
}

function showKeys() {
  const close = () => dialog.close();
  const dialog = h(
    "dialog",
    { "aria-labelledby": "keys-title", onclose: () => dialog.remove() },
    h("h2", { id: "keys-title" }, "Keys"),
    h(
      "dl.keys",
      null,
      KEYS.map(([key, text]) =>
        h(
          "div",
          null,
          h(
            "dt",
            null,
            key.split(", ").map((one, at) => [at ? " " : "", h("kbd", null, one)]),
          ),
          h("dd", null, text),
        ),
      ),
    ),
    h("button.small", { type: "button", onclick: close, autofocus: true }, "Close"),
  );
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    target.closest("input:not([type=checkbox]), select, textarea, dialog")
  )
    return;
  const press = () =>
    /** @type {HTMLElement | null} */ (
      document.querySelector(`[data-key="${event.key}"]`)
    )?.click();
  /** @type {Record<string, () => void>} */
  const actions = {
    j: press,
    k: press,
    n: press,
    p: press,
    x: press,
    o: () => (location.hash = "#view=overview"),
    s: () => (location.hash = "#view=samples"),
    c: () => copyText(location.href, "the link"),
    "/": () => {
      const search = byId("text-search");
      if (!search) return;
      search.closest("details").open = true;
      search.focus();
    },
    "?": showKeys,
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

byId("header").append(...header());
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // the address holds the state
  byId("main").focus();
});
window.addEventListener("hashchange", show);
window.addEventListener("beforeprint", drawAll);
document.addEventListener("keydown", onKey);
window
  .matchMedia("(prefers-color-scheme: dark)")
  .addEventListener("change", () => drawn.forEach((draw) => draw()));
show();
