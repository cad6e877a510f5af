"""Results as text: the cells of a table and its footnotes."""

from collections.abc import Iterable, Sequence

from rast_bench.paper.published import Published
from rast_bench.reporting.numbers import DASH, UNIDENTIFIED, decimal
from rast_bench.reporting.ours import ours_of
from rast_bench.results.registry import COSINE, MEAN_RECOVERY, PCR, RECOVERIES
from rast_bench.results.result import Result

RANGE_NOTE = (
    "ours agrees where the published number, with its rounding, lies in the range below ours. The "
    "range holds 95 % of published numbers if both runs measure the same on the same problems: it "
    "covers the sampling noise in the difference of two runs (variance σ²/n · (1/N + 1/K) for N "
    "samples of ours and K published ones). By chance, one number in twenty differs."
)
GREEDY_NOTE = (
    "With one greedy sample per problem the range takes all of p(1 − p) for sampling noise, so it "
    "is too wide rather than too narrow."
)
PATH_NOTE = (
    "PCR: the range covers which problems were drawn, 50 published paths against ours; "
    "`rast-bench analyse pcr {name} --generate` computes ours."
)
SIMILARITY_NOTE = (
    "cosine similarity: of ΔR and the base model's own, along greedy paths of an RL-trained model; "
    "the range covers which problems were drawn, 50 published paths against ours; "
    "`rast-bench analyse similarity {name} --generate` computes ours."
)
UNPUBLISHED_NOTE = "The published numbers of this table could not be recovered."
MISSING_NOTE = "not run: `python run.py experiment={name}` makes what is missing."
IDENTIFIED_NOTE = (
    f"{UNIDENTIFIED} not identified: ceiling and base differ by no more than sampling noise, so "
    "the rate, its range and its verdict are unreliable. The paper prints such rates "
    "nevertheless."
)
BOUNDS_NOTE = "[ ]: 95 % interval of a recovery rate over problems."
UNDEFINED_NOTE = "undefined: ceiling and base are equal."
MEAN_OF_RATIOS_NOTE = (
    "mean of ratios: the mean of the data sets' recovery rates, as in the paper's table 4. The "
    "ratio of means (eq. 5 of the mean accuracies) is another number; it stands in the details."
)
LEMMATIZER_NOTE = (
    "not comparable: ours was counted by {counter}, the published number by spaCy's "
    "en_core_web_sm; lemmatizers disagree. With that model installed (docs/experiments.md) ours is "
    "counted by it, and compared."
)


def published_text(result: Result) -> str:
    return " or ".join(dict.fromkeys(map(printed, result.published))) or DASH


def printed(number: Published) -> str:
    """Return a number as printed, with a bound in words: `above 84`."""
    sense = "" if number.sense == "equal" else f"{number.sense} "
    return f"{sense}{number.value}"


def remark(number: Published) -> str:
    """Return `reply 1 also states: PCR above 90 % of MMLU and GPQA.`"""
    words = (number.metric, printed(number), number.unit, number.note)
    return f"{number.source} also states: {' '.join(filter(None, words))}."


def ours_text(result: Result) -> str:
    """Return ours; without a published number, with its error or interval."""
    ours = ours_of(result)
    if ours is None:
        return result.missing
    value = decimal(ours.value, decimals(result)) + mark(result)
    bounds = (result.value.low, result.value.high)
    if not result.published and result.measure in RECOVERIES and None not in bounds:
        low, high = (decimal(100 * (one or 0.0), decimals(result)) for one in bounds)
        return f"{value} [{low}, {high}]"
    if result.published or ours.standard_error is None:
        return value
    return f"{value} ± {decimal(ours.standard_error, decimals(result))}"


def mark(result: Result) -> str:
    """Return the mark after a recovery rate that is not identified, and after its verdict."""
    return "" if result.replication is None or result.replication.identified else UNIDENTIFIED


def range_text(result: Result) -> str:
    ours = ours_of(result)
    if ours is None or ours.low is None or ours.high is None or ours.counted_by:
        return DASH
    return f"[{decimal(ours.low, decimals(result))}, {decimal(ours.high, decimals(result))}]"


def verdict_text(result: Result) -> str:
    words = [DASH if one == "open" else one + mark(result) for one in result.verdicts]
    return words[0] if len(set(words)) == 1 else " or ".join(words) or DASH


def decimals(result: Result) -> int:
    """Return the published number's decimals, else the measure's."""
    if result.published:
        return max(max(0, number.decimals) for number in result.published)
    return result.measure.decimals


def footnotes_of(
    results: Sequence[Result], name: str, published: bool, notes: Sequence[str]
) -> tuple[str, ...]:
    """Return the footnotes that a table of results needs, then the caller's notes."""
    found: list[str] = []
    verdicts = {verdict for result in results for verdict in result.verdicts}
    if published and not any(result.published for result in results):
        found.append(UNPUBLISHED_NOTE)
    elif published and verdicts & {"agrees", "differs"}:
        found.append(PATH_NOTE if results[0].measure == PCR else RANGE_NOTE)
        if any(result.temperature == 0 for result in results) and results[0].measure != PCR:
            found.append(GREEDY_NOTE)
    if any(result.measure == MEAN_RECOVERY for result in results):
        found.append(MEAN_OF_RATIOS_NOTE)
    if any("[" in ours_text(result) for result in results if result.measure in RECOVERIES):
        found.append(BOUNDS_NOTE)
    if any(map(mark, results)):
        found.append(IDENTIFIED_NOTE)
    if any(one.status == "undefined" and one.measure in RECOVERIES for one in results):
        found.append(UNDEFINED_NOTE)
    counters = {
        one.counted_by for result in results if result.published and (one := ours_of(result))
    }
    found += [LEMMATIZER_NOTE.format(counter=one) for one in sorted(counters - {""})]
    if any(result.status == "not run" for result in results):
        found.append(PATH_NOTE if results[0].measure == PCR else MISSING_NOTE)
    if any(result.measure == COSINE for result in results):
        found.append(SIMILARITY_NOTE)
    sizes = {(one.problems, one.samples) for one in results if one.grid and one.problems}
    found += [
        f"Problems: {problems:,}; samples per problem: {samples}."
        for problems, samples in sorted(sizes)
    ]
    counts = verdict_counts(results)
    if counts:
        found.append(counts)
    unique = dict.fromkeys((*found, *notes))
    return tuple(note.replace("{name}", name) for note in unique)


def verdict_counts(results: Iterable[Result]) -> str:
    """Return `108 published numbers: 60 agree, 3 differ, 45 not run`; empty without any."""
    places = [(result, verdict) for result in results for verdict in result.verdicts]
    verdicts = [verdict for _, verdict in places]
    if not verdicts:
        return ""
    parts = [
        f"{verdicts.count(verdict)} {words}"
        for verdict, words in (
            *(("agrees", "agree"), ("differs", "differ")),
            ("not comparable", "not comparable"),
            *(("not run", "not run"), ("open", "without a number of ours")),
        )
        if verdict in verdicts
    ]
    noun = "number" if len(verdicts) == 1 else "numbers"
    unsure = sum(bool(mark(result)) for result, _ in places)
    flagged = f" ({unsure} of them not identified)" if unsure else ""
    return f"{len(verdicts)} published {noun}: {', '.join(parts)}{flagged}."
