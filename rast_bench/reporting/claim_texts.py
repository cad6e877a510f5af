"""Claims in words: the cells of a table and its footnotes."""

from collections.abc import Iterable, Sequence

from rast_bench.paper.published import Published
from rast_bench.reporting.claims import NOT_RUN, PERCENT, UNDEFINED, Claim
from rast_bench.reporting.numbers import DASH, UNIDENTIFIED, decimal

RANGE_NOTE = (
    "ours agrees where the published number, with its rounding, lies in the range below ours: 95 % "
    "of published numbers do if both runs measure the same on the same problems. The range is what "
    "sampling anew moves the difference of two runs by (σ²/n · (1/N + 1/K) for N samples of ours "
    "and K published ones). Over many numbers, one in twenty differs by chance."
)
GREEDY_NOTE = (
    "With one greedy sample a problem the range takes all of p(1 − p) for the luck of sampling, so "
    "it is too wide rather than too narrow."
)
PATH_NOTE = (
    "PCR: the range is over which problems were drawn, 50 published paths against ours; make ours "
    "with `rast-bench analyse pcr {name} --generate`."
)
SIMILARITY_NOTE = (
    "cosine similarity: of ΔR and the base model's own, along greedy paths of an RL-trained model; "
    "the range is over which problems were drawn, 50 published paths against ours; make ours with "
    "`rast-bench analyse similarity {name} --generate`."
)
UNPUBLISHED_NOTE = "The published numbers of this table could not be recovered."
MISSING_NOTE = "not run: `python run.py experiment={name}` makes what is missing."
IDENTIFIED_NOTE = (
    f"{UNIDENTIFIED} not identified: ceiling and base differ by no more than the luck of sampling, "
    "so the rate, its range and its verdict say little. The paper prints such rates all the same."
)
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


def published_text(claim: Claim) -> str:
    return " or ".join(dict.fromkeys(map(printed, claim.published))) or DASH


def printed(fact: Published) -> str:
    """As printed, with a bound in words: `above 84`."""
    sense = "" if fact.sense == "equal" else f"{fact.sense} "
    return f"{sense}{fact.value}"


def ours_text(claim: Claim) -> str:
    if claim.ours is None:
        return claim.missing
    value = decimal(claim.ours.value, decimals(claim)) + mark(claim)
    if claim.published or claim.ours.standard_error is None:
        return value
    return f"{value} ± {decimal(claim.ours.standard_error, decimals(claim))}"


def mark(claim: Claim) -> str:
    """The sign behind a recovery rate that is not identified, and behind its verdict."""
    return "" if claim.ours is None or claim.ours.identified else UNIDENTIFIED


def range_text(claim: Claim) -> str:
    ours = claim.ours
    if ours is None or ours.low is None or ours.high is None or ours.counted_by:
        return DASH
    return f"[{decimal(ours.low, decimals(claim))}, {decimal(ours.high, decimals(claim))}]"


def verdict_text(claim: Claim) -> str:
    verdicts = [claim.verdict(fact) for fact in claim.published]
    words = [DASH if one == "open" else one + mark(claim) for one in verdicts]
    return words[0] if len(set(words)) == 1 else " or ".join(words) or DASH


def decimals(claim: Claim) -> int:
    """As many as the published number has, else what suits the measure."""
    if claim.published:
        return max(max(0, fact.decimals) for fact in claim.published)
    if claim.measure == "PCR":
        return 2
    if claim.measure == "standard deviation over runs":
        return 2
    return 1 if claim.measure in PERCENT or claim.measure == "response length" else 3


def footnotes_of(
    claims: Sequence[Claim], name: str, published: bool, notes: Sequence[str]
) -> tuple[str, ...]:
    """What a reader must know of a table of claims, then the caller's notes."""
    found: list[str] = []
    verdicts = {claim.verdict(fact) for claim in claims for fact in claim.published}
    if published and not any(claim.published for claim in claims):
        found.append(UNPUBLISHED_NOTE)
    elif published and verdicts & {"agrees", "differs"}:
        found.append(PATH_NOTE if claims[0].measure == "PCR" else RANGE_NOTE)
        if any(claim.temperature == 0 for claim in claims) and claims[0].measure != "PCR":
            found.append(GREEDY_NOTE)
    if any(claim.measure == "mean recovery rate" for claim in claims):
        found.append(MEAN_OF_RATIOS_NOTE)
    if any(map(mark, claims)):
        found.append(IDENTIFIED_NOTE)
    if any(claim.missing == UNDEFINED for claim in claims):
        found.append(UNDEFINED_NOTE)
    counters = {claim.ours.counted_by for claim in claims if claim.ours and claim.published}
    found += [LEMMATIZER_NOTE.format(counter=one) for one in sorted(counters - {""})]
    if any(claim.missing == NOT_RUN for claim in claims):
        found.append(PATH_NOTE if claims[0].measure == "PCR" else MISSING_NOTE)
    if any(claim.measure == "cosine similarity" for claim in claims):
        found.append(SIMILARITY_NOTE)
    counts = verdict_counts(claims)
    if counts:
        found.append(counts)
    unique = dict.fromkeys((*found, *notes))
    return tuple(note.replace("{name}", name) for note in unique)


def verdict_counts(claims: Iterable[Claim]) -> str:
    """`108 published numbers: 60 agree, 3 differ, 45 not run`; empty without any."""
    places = [(claim, fact) for claim in claims for fact in claim.published]
    verdicts = [claim.verdict(fact) for claim, fact in places]
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
    unsure = sum(bool(mark(claim)) for claim, _ in places)
    flagged = f" ({unsure} of them not identified)" if unsure else ""
    return f"{len(verdicts)} published {noun}: {', '.join(parts)}{flagged}."
