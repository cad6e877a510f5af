// Which cells are looked at. A method is a row of the table: one cell per data set.

/** @typedef {{key: string, label: string, section: string, role: string|null, cells: Map<string, Cell>}} Method */
/** @typedef {{datasets: string[], methods: Method[], cells: Cell[]}} Chosen */

/** The role of a cell outside an experiment, by its method. @type {Record<string, string>} */
const ROLES = { base: "base", rast: "rast", rl: "ceiling" };
const ALL = "*"; // as `dataset`: all data sets
const DATASETS = [...new Set(DATA.cells.map((cell) => cell.dataset))];
const METHODS = methodsOf(DATA.cells);

/** @param {Cell[]} cells @returns {Method[]} */
function methodsOf(cells) {
  /** @type {Map<string, Method>} */
  const methods = new Map();
  for (const cell of cells) {
    const decoding = [cell.lambda, cell.temperature];
    const place =
      cell.row === null
        ? [cell.base_model, cell.delta, cell.method, cell.prompt, ...decoding]
        : [cell.section, cell.grid, cell.row, ...(cell.grid === null ? [] : decoding)];
    let key = JSON.stringify(place);
    if (methods.get(key)?.cells.has(cell.dataset)) key = cell.id; // differs in something else
    let method = methods.get(key);
    if (!method) {
      method = {
        key,
        label: methodLabel(cell),
        section: cell.section ?? cell.base_model ?? "",
        role: cell.role ?? ROLES[cell.method] ?? null,
        cells: new Map(),
      };
      methods.set(key, method);
    }
    method.cells.set(cell.dataset, cell);
  }
  return [...methods.values()];
}

/** @param {Cell} cell */
function methodLabel(cell) {
  if (cell.row === null) return cell.title.replace(`, ${cell.dataset}`, "") || cell.id;
  if (cell.grid === null) return cell.row;
  return `${cell.row}: ${cell.lambda === null ? "" : `λ = ${cell.lambda}, `}${cell.temperature ? `τ = ${cell.temperature}` : "greedy"}`;
}

/** The cells that the state names; without any, the base model, RAST and the ceiling of a section. @returns {Chosen} */
function selected() {
  const named = state.cells.map((id) => CELLS.get(id)).filter((cell) => cell !== undefined);
  let datasets = state.dataset === ALL ? DATASETS : DATASETS.filter((one) => one === state.dataset);
  if (!datasets.length) datasets = [named[0]?.dataset ?? DATASETS[0]].filter(Boolean);
  const ids = new Set(named.map((cell) => cell.id));
  const isNamed = (/** @type {Method} */ method) =>
    [...method.cells.values()].some((cell) => ids.has(cell.id));
  const methods = ids.size ? METHODS.filter(isNamed) : usualMethods(datasets);
  const cells = datasets.flatMap((dataset) =>
    methods.map((method) => method.cells.get(dataset)).filter((cell) => cell !== undefined),
  );
  return { datasets, methods, cells };
}

/** @param {string[]} datasets @returns {Method[]} */
function usualMethods(datasets) {
  const there = METHODS.filter((method) => datasets.some((dataset) => method.cells.has(dataset)));
  const rast = there.find((method) => method.role === "rast");
  if (!rast) return there.slice(0, 3);
  const role = (/** @type {string} */ name) =>
    there.find((one) => one.section === rast.section && one.role === name);
  return [role("base"), rast, role("ceiling")].filter((method) => method !== undefined);
}

/** A cell's id with those of the base model and the ceiling beside it. @param {Cell} cell */
function withUsual(cell) {
  const role = (/** @type {string} */ name) =>
    METHODS.find(
      (one) => one.section === (cell.section ?? cell.base_model) && one.role === name,
    )?.cells.get(cell.dataset)?.id;
  return [...new Set([role("base"), cell.id, role("ceiling")])].filter((id) => id !== undefined);
}

/** The ids that name methods in the state. @param {Method[]} methods @param {string} [dataset] */
function idsOf(methods, dataset = state.dataset) {
  return methods.map((method) => (method.cells.get(dataset) || [...method.cells.values()][0]).id);
}

/** The methods whose pass rates are compared, b − a. @param {Chosen} chosen @returns {[Method, Method]} */
function compared(chosen) {
  const { methods } = chosen;
  const by = (/** @type {string} */ id) =>
    methods.find((method) => [...method.cells.values()].some((cell) => cell.id === id));
  const a = by(state.a) || methods[0];
  return [a, by(state.b) || methods.find((method) => method !== a) || a];
}
