"""The records that every stage shares: problems, requests, samples, verdicts.

Plain frozen records without behaviour, cheap to import. docs/design.md has the glossary.
"""

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal["eos", "stop", "length"]
"""Why a generation ended: an EOS id, a stop string, or `max_tokens`."""

VerdictKind = Literal["correct", "wrong", "unparsed", "truncated", "timeout", "undecided"]
"""Only `correct` counts as correct.

* truncated: cut off at `max_tokens` before an answer;
* timeout: the grader ran out of CPU time or memory;
* undecided: the answer was read, and neither proven equal to the gold answer nor safely refuted.
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One benchmark problem. `problem_id` is unique within its data set and stable over time."""

    problem_id: str
    question: str
    gold: str


@dataclass(frozen=True, slots=True, order=True)
class SampleKey:
    """The permanent identity of a sample: it is never computed twice."""

    cell_id: str
    problem_id: str
    sample_index: int


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How one request is decoded. Every field may differ between rows of one batch."""

    lambda_: float  # λ of eq. 3, finite and ≥ 0; 0 is the base model
    temperature: float  # τ > 0; ignored when greedy
    top_p: float  # (0, 1]; ignored when greedy
    max_tokens: int  # ≥ 1, new tokens including the EOS token
    greedy: bool
    stop: tuple[str, ...] = ()
    parameters: tuple[float, ...] = ()  # of the engine's method, in the order of its definition
    repetition_penalty: float = 1.0  # > 0; 1 is none


@dataclass(frozen=True, slots=True)
class Request:
    """One sample to be generated. `seed` is a function of `key` alone (config/identity.py)."""

    key: SampleKey
    prompt: str
    seed: int  # 0 ≤ seed < 2**63
    params: SamplingParams
    forced_prefix: str = ""  # the response starts with it; its tokens count as the response's


@dataclass(frozen=True, slots=True)
class Sample:
    """One finished generation, as stored in the ledger."""

    key: SampleKey
    seed: int
    prompt_sha256: str
    token_ids: tuple[int, ...]  # generated ids, the EOS id included when it was generated
    text: str  # without special tokens, cut before the stop string
    finish_reason: FinishReason
    small_steps: int | None = None  # tokens drawn while a gated method's gate was open, if counted

    @property
    def token_count(self) -> int:
        return len(self.token_ids)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One grader's judgement of one sample. `extracted` is None if no answer was found.

    `reason` is what decided ("exact", "unit", …), `rule` the rule applied, `extraction` how the
    answer was found; docs/graders.md explains the values. They are "" if the grader does not say,
    and for verdicts stored before reasons existed.
    """

    key: SampleKey
    kind: VerdictKind
    extracted: str | None
    reason: str = ""
    rule: str = ""
    extraction: str = ""
