// LaTeX in texts, drawn on request by KaTeX. It builds elements itself; with `trust: false` it makes
// no links, images or classes of the text's choosing, and its expansion is bounded.

const MATH =
  /\$\$([^]+?)\$\$|\\\[([^]+?)\\\]|\\\(([^]+?)\\\)|\$((?:\\.|[^$\\\n])+?)\$|(\\begin\{(align|equation|gather|aligned|cases|[bpv]?matrix)(\*?)\}[^]+?\\end\{\6\7\})|(\\boxed\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})/g;
const LONGEST_FORMULA = 4000; // characters
const MOST_FORMULAS = 400; // in one text

/** @type {Promise<any> | null} */
let katex = null;

/** Start KaTeX; resolves when formulas can be drawn. */
function startFormulas() {
  katex = katex || Promise.all([library("formulas"), library("formula-style")]);
  return katex;
}

/** A text as nodes, its formulas drawn; what KaTeX refuses stays as it is. @param {string} text */
function withFormulas(text) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  let drawn = 0;
  for (const match of text.matchAll(MATH)) {
    if (++drawn > MOST_FORMULAS) break;
    const source = match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5] ?? match[8];
    const display = match[1] !== undefined || match[2] !== undefined || match[5] !== undefined;
    const formula = drawnFormula(source, display);
    if (!formula) continue;
    fragment.append(visible(text.slice(end, match.index)), formula);
    end = match.index + match[0].length;
  }
  fragment.append(visible(text.slice(end)));
  return fragment;
}

/** @param {string} source @param {boolean} display @returns {Node | null} */
function drawnFormula(source, display) {
  if (source.length > LONGEST_FORMULA || source.match(UNSEEN)) return null;
  const place = h("span.formula", { title: source });
  try {
    /** @type {any} */ (window).katex.render(source, place, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxExpand: 200,
      maxSize: 20,
      output: "html",
    });
  } catch {
    return null;
  }
  return place;
}
