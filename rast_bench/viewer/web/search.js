// Searching the responses: by the server, or by walking all texts that the page has.

/** The last search: its text, and the rows found of each cell searched so far. @type {{text: string, rows: Map<string, Uint8Array>}} */
let lastSearch = { text: "", rows: new Map() };

/**
 * The rows of each cell whose response contains the text; upper and lower case are the same.
 * @param {Cell[]} cells @param {string} text
 * @param {() => boolean} stopped - true when nobody waits any more
 * @returns {Promise<Map<string, Uint8Array> | null>} null without a text, or if stopped
 */
async function searchResponses(cells, text, stopped) {
  if (!text) return null;
  if (lastSearch.text !== text) lastSearch = { text, rows: new Map() };
  const { rows } = lastSearch;
  const missing = cells.filter((cell) => !rows.has(cell.id));
  const steps = missing.reduce((sum, cell) => sum + (cell.blocks?.length ?? 1), 0);
  let step = 0;
  for (const cell of missing) {
    const index = await indexOf(cell);
    const found = new Uint8Array(index.rows);
    if (DATA.source === "server") {
      for (const row of (await (await answer("search", { cell: cell.id, text })).json()).rows)
        found[row] = 1;
      say(`Searched ${++step} of ${steps} cells`);
    }
    for (let number = 0; number < (cell.blocks?.length ?? 0); number++) {
      searchBlock(await jsonBlock(`texts/${cell.id}/${number}`), text.toLowerCase(), index, found);
      say(`Searched ${shownNumber((100 * ++step) / steps)} % of the responses`);
      await breath();
      if (stopped()) return null;
    }
    rows.set(cell.id, found);
    if (stopped()) return null;
  }
  return rows;
}

/** @param {Record<string, {samples: Sample[]}>} texts @param {string} wanted - in lower case @param {Index} index @param {Uint8Array} found */
function searchBlock(texts, wanted, index, found) {
  const sample = /** @type {Column} */ (index.columns.get("sample"));
  for (const [problem, { samples }] of Object.entries(texts)) {
    const [first, end] = rowsOf(index, Number(problem));
    for (const { i, text } of samples) {
      if (!text.toLowerCase().includes(wanted)) continue;
      for (let row = first; row < end; row++) if (sample[row] === i) found[row] = 1;
    }
  }
}
