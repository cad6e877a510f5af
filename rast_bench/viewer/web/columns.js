// The index of a cell: one typed array per column, a row per sample, sorted by problem and sample
// index. Filters run over it, a million rows in a fraction of a second.

/**
 * @typedef {Uint8Array | Uint16Array | Uint32Array | Int32Array | Float32Array} Column
 * @typedef {{rows: number, columns: Map<string, Column>, verdicts: string[], finish: string[]}} Index
 * @typedef {{verdicts: Map<string, Set<string>>, disagree: boolean, finish: string, least: number,
 *   most: number, word: string}} SampleFilter - verdicts: by grader; "" is each cell's own
 * @typedef {{correct: Uint16Array, total: Uint16Array}} Rates - by problem
 */

const WORDS = "behaviour:"; // such columns count words
/** @type {Record<string, any>} */
const DTYPES = {
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i4: Int32Array,
  f4: Float32Array,
};

/** @param {Uint8Array} bytes @returns {Index} */
function parseIndex(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const columns = new Map();
  for (const { name, dtype, offset } of header.columns) {
    columns.set(name, new DTYPES[dtype](bytes.buffer, bytes.byteOffset + offset, header.rows));
  }
  return {
    rows: header.rows,
    columns,
    verdicts: header.verdicts || [],
    finish: header.finish || [],
  };
}

/** @param {Cell} cell @returns {Promise<Index>} */
function indexOf(cell) {
  return remember(kept, `index of ${cell.id}`, async () =>
    parseIndex(await block(`index/${cell.id}`)),
  );
}

/** Counts of behaviour words, as more columns of the index. @param {Cell} cell */
function countWords(cell) {
  return remember(kept, `words of ${cell.id}`, async () => {
    const [index, words] = [await indexOf(cell), parseIndex(await block(`words/${cell.id}`))];
    if (words.rows !== index.rows) throw new Error("samples were added meanwhile: reload the page");
    for (const [name, column] of words.columns) index.columns.set(name, column);
  });
}

/** The behaviours whose words are counted. @param {Index} index */
function behavioursOf(index) {
  return [...index.columns.keys()]
    .filter((name) => name.startsWith(WORDS))
    .map((name) => name.slice(WORDS.length));
}

/** @param {Index} index @param {string | null} grader @returns {Column | undefined} */
function verdictsOf(index, grader) {
  return grader === null ? undefined : index.columns.get(`verdict:${grader}`);
}

/**
 * The rows that a filter keeps, as 1; null if it keeps all. A condition on what the cell does not
 * have, such as another grader's verdict, keeps none.
 * @param {Index} index @param {Cell} cell @param {SampleFilter} filter
 * @param {Uint8Array | null} found - rows with the text that was searched for
 * @returns {Uint8Array | null}
 */
function filterRows(index, cell, filter, found) {
  /** @type {[Column | null, Uint8Array][]} a column of codes, and which of them pass */
  const tables = [];
  for (const [grader, wanted] of filter.verdicts) {
    const table = Uint8Array.from({ length: 256 }, (_, code) =>
      Number(wanted.has(index.verdicts[code])),
    );
    tables.push([verdictsOf(index, grader || cell.grader) || null, table]);
  }
  if (filter.finish) {
    const table = Uint8Array.from({ length: 256 }, (_, code) =>
      Number(index.finish[code] === filter.finish),
    );
    tables.push([index.columns.get("finish") || null, table]);
  }
  const limited = filter.least > 0 || filter.most < Infinity;
  if (!tables.length && !limited && !filter.disagree && !filter.word && !found) return null;

  const keep = found ? found.slice() : new Uint8Array(index.rows).fill(1);
  for (const [column, table] of tables) {
    if (!column) keep.fill(0);
    else for (let row = 0; row < keep.length; row++) keep[row] &= table[column[row]];
  }
  if (limited) {
    const tokens = /** @type {Column} */ (index.columns.get("tokens"));
    const { least, most } = filter;
    for (let row = 0; row < keep.length; row++)
      keep[row] &= Number(tokens[row] >= least && tokens[row] <= most);
  }
  if (filter.disagree) keepDisagreement(index, cell, keep);
  if (filter.word) {
    const counts = index.columns.get(WORDS + filter.word);
    if (!counts) keep.fill(0);
    else for (let row = 0; row < keep.length; row++) keep[row] &= Number(counts[row] > 0);
  }
  return keep;
}

/** Keep rows that one grader calls correct and another does not. @param {Index} index @param {Cell} cell @param {Uint8Array} keep */
function keepDisagreement(index, cell, keep) {
  const correct = index.verdicts.indexOf("correct");
  const none = index.verdicts.indexOf("none");
  const columns = cell.graders
    .map((grader) => verdictsOf(index, grader))
    .filter((one) => one !== undefined);
  if (columns.length < 2) {
    keep.fill(0);
    return;
  }
  for (let row = 0; row < keep.length; row++) {
    if (!keep[row]) continue;
    let said = 0; // 1: one said correct, 2: one said otherwise
    for (const column of columns) if (column[row] !== none) said |= column[row] === correct ? 1 : 2;
    keep[row] = Number(said === 3);
  }
}

/** Add the rows kept of each problem. @param {Index} index @param {Uint8Array | null} keep @param {Uint32Array} counts */
function addMatches(index, keep, counts) {
  const problem = /** @type {Column} */ (index.columns.get("problem"));
  if (keep) for (let row = 0; row < index.rows; row++) counts[problem[row]] += keep[row];
  else for (let row = 0; row < index.rows; row++) counts[problem[row]]++;
}

/** How many samples of each problem are correct by the cell's own grader. @param {Cell} cell @param {number} problems @returns {Promise<Rates>} */
function ratesOf(cell, problems) {
  return remember(kept, `rates of ${cell.id}`, async () => {
    const index = await indexOf(cell);
    const problem = /** @type {Column} */ (index.columns.get("problem"));
    const verdict = verdictsOf(index, cell.grader);
    const code = index.verdicts.indexOf("correct");
    const [correct, total] = [new Uint16Array(problems), new Uint16Array(problems)];
    for (let row = 0; row < index.rows; row++) {
      total[problem[row]]++;
      if (verdict && verdict[row] === code) correct[problem[row]]++;
    }
    return { correct, total };
  });
}

/** The rows of a problem: first, and one past the last. @param {Index} index @param {number} problem @returns {[number, number]} */
function rowsOf(index, problem) {
  const column = /** @type {Column} */ (index.columns.get("problem"));
  const first = (/** @type {number} */ wanted) => {
    let [low, high] = [0, index.rows];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (column[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return [first(problem), first(problem + 1)];
}
