"""engine=vllm against the reference engine, on the tiny family, and its protocol."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from engine_requests import by_problem

from rast_bench.analysis.path_coverage import path_coverage
from rast_bench.config.engines import TransformersConfig, VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import DatasetConfig, ModelRef, PairConfig
from rast_bench.datasets import load_problems
from rast_bench.domain import Problem, Request, SampleKey, SamplingParams
from rast_bench.engines import load_engine
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.engines.vllm_engine import VllmEngine
from rast_bench.errors import EngineError

PARAMS = SamplingParams(lambda_=1.0, temperature=1.0, top_p=0.95, max_tokens=120, greedy=False)
GREEDY = replace(PARAMS, greedy=True)
SMALL = {"dtype": "float32", "kv_cache_gib": 0.0625, "max_num_seqs": 16}
TOLERANCE = 1e-4  # nats


def key_of(*pairs: tuple[str, str], main: str = "tiny-l/base", engine: str = "vllm") -> EngineKey:
    refs = tuple(
        PairConfig(rl=ModelRef(path=f"zoo:{rl}"), base=ModelRef(path=f"zoo:{base}"))
        for rl, base in pairs
    )
    return EngineKey(ModelRef(path=f"zoo:{main}"), refs, None, engine, "float32")


TINY_S = ("tiny-s/rl-0", "tiny-s/base")


@pytest.fixture(scope="module")
def engine() -> Iterator[VllmEngine]:
    made = load_engine(key_of(TINY_S), VllmConfig(**SMALL))
    assert isinstance(made, VllmEngine)
    yield made
    made.close()


@pytest.fixture(scope="module")
def reference() -> TransformersEngine:
    cfg = TransformersConfig(device="cpu", max_num_seqs=32)
    return TransformersEngine(key_of(TINY_S, engine="transformers"), cfg)


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return load_problems(
        DatasetConfig(name="tiny-hard", path="zoo:tiny-hard-test.jsonl", id_field="problem_id")
    )


def request(problem: Problem, params: SamplingParams = PARAMS, index: int = 0) -> Request:
    number = int(problem.problem_id.rsplit("-", 1)[1])
    key = SampleKey("cell", f"{problem.problem_id}/{index}", index)
    prompt = f"Problem : {problem.question} Solution :"
    return Request(key, prompt, 2**40 * (number + 1) + index, params)


def test_a_forced_prefix_is_the_start_of_the_response(
    engine: VllmEngine, reference: TransformersEngine, problems: list[Problem]
) -> None:
    short = replace(GREEDY, max_tokens=9, stop=("Second",))
    requests = [
        replace(request(problem, params), forced_prefix="Step by step :")
        for problem in problems[:4]
        for params in (GREEDY, short)
    ]
    requests = [
        replace(one, key=replace(one.key, problem_id=f"{i}")) for i, one in enumerate(requests)
    ]
    samples = by_problem(engine.generate(requests))
    assert samples == by_problem(reference.generate(requests))
    assert all(one.text.startswith("Step by step :") for one in samples.values())
    assert {one.finish_reason for one in samples.values()} >= {"eos", "length"}


@pytest.fixture(scope="module")
def samples_asked(problems: list[Problem]) -> list[Request]:
    """More than the batch holds, under several λ, τ, top-p and lengths."""
    return [
        request(
            problem,
            replace(
                PARAMS,
                lambda_=[0.0, 0.5, 1.0][i % 3],
                temperature=[0.7, 1.0, 1.3][i % 4 % 3],
                top_p=[0.9, 1.0][i % 2],
                max_tokens=[120, 30, 1][i % 5 % 3],
            ),
            index=i % 4,
        )
        for i, problem in enumerate(problems[:40])
    ]


def test_greedy_samples_are_the_reference_engines(
    engine: VllmEngine, reference: TransformersEngine, problems: list[Problem]
) -> None:
    """Tokens, texts and reasons, with mixed λ in one batch."""
    asked = [
        request(problem, replace(GREEDY, lambda_=lambda_, max_tokens=max_tokens))
        for i, problem in enumerate(problems[:24])
        for lambda_, max_tokens in [([0.0, 0.5, 1.0][i % 3], [120, 40][i % 2])]
    ]
    made, expected = by_problem(engine.generate(asked)), by_problem(reference.generate(asked))
    assert made == expected
    assert {sample.finish_reason for sample in made.values()} == {"eos", "length"}


@pytest.mark.parametrize("lambda_", [0.0, 0.5, 1.0])
def test_scores_are_the_reference_engines(
    engine: VllmEngine, reference: TransformersEngine, problems: list[Problem], lambda_: float
) -> None:
    """Log-probabilities and ranks over sampled trajectories, and so the path coverage rate."""
    hot = replace(PARAMS, temperature=1.6, top_p=1.0)
    asked = {item.key: item for item in (request(problem, hot) for problem in problems[:6])}
    rates = []
    for sample in reference.generate(asked.values()):
        item = asked[sample.key]
        scored = engine.score(item.prompt, sample.token_ids, lambda_)
        expected = reference.score(item.prompt, sample.token_ids, lambda_)
        difference = np.subtract(scored.log_probabilities, expected.log_probabilities)
        assert np.abs(difference).max() < TOLERANCE
        assert scored.ranks == expected.ranks
        coverage = path_coverage(engine, item.prompt, sample.token_ids, lambda_=lambda_)
        assert coverage == path_coverage(reference, item.prompt, sample.token_ids, lambda_=lambda_)
        rates.append(coverage)
    assert 0 < min(rates) < 1, "a rate that tells nothing"


def test_samples_lie_in_the_nucleus_of_the_composed_distribution(
    engine: VllmEngine, reference: TransformersEngine, samples_asked: list[Request]
) -> None:
    """A token outside top-p at this request's own λ and τ betrays parameters that got mixed up."""
    made = by_problem(engine.generate(samples_asked))
    assert len(made) == len(samples_asked)
    for item in samples_asked:
        sample, params = made[item.key.problem_id], item.params
        assert (sample.key, sample.seed) == (item.key, item.seed)
        assert len(sample.token_ids) == params.max_tokens or sample.finish_reason == "eos"
        ids = [*reference._encode(item.prompt), *sample.token_ids]
        with torch.inference_mode():
            logits = [model.score(ids) for model in reference.models]
            lambdas = torch.full((len(ids),), params.lambda_)
            none = torch.zeros(len(ids), 0)
            composed = reference._compose(logits, lambdas, torch.zeros(len(ids)), none)
            composed = composed[-len(sample.token_ids) - 1 : -1]
            probabilities = (composed / params.temperature).softmax(-1).double()
        own = probabilities.gather(1, torch.tensor(sample.token_ids)[:, None])
        likelier = probabilities.masked_fill(probabilities <= own, 0).sum(-1)
        assert likelier.max() < params.top_p + 1e-6


def test_a_sample_depends_on_its_seed_alone(
    engine: VllmEngine, samples_asked: list[Request]
) -> None:
    together = by_problem(engine.generate(samples_asked))
    other_company = by_problem(engine.generate(samples_asked[::-3]))
    assert other_company
    for name, sample in other_company.items():
        assert sample == together[name]


def test_other_seeds_draw_other_samples(engine: VllmEngine, problems: list[Problem]) -> None:
    """Seeds that differ above their 32nd bit only: PyTorch's generators on CPUs would ignore it."""
    hot = replace(PARAMS, temperature=2.0, top_p=1.0, max_tokens=20)
    asked = [request(problem, hot) for problem in problems[:10]]
    reseeded = [replace(item, seed=item.seed + 2**35) for item in asked]
    first, second = by_problem(engine.generate(asked)), by_problem(engine.generate(reseeded))
    assert all(first[name].token_ids != second[name].token_ids for name in first)


@pytest.mark.parametrize("stop", [("Second",), ("=", "Third the"), ("<eos>", "apples ,")])
def test_stop_strings_end_a_sample_as_in_the_reference_engine(
    engine: VllmEngine,
    reference: TransformersEngine,
    problems: list[Problem],
    stop: tuple[str, ...],
) -> None:
    asked = [request(problem, replace(GREEDY, stop=stop)) for problem in problems[:12]]
    made, expected = by_problem(engine.generate(asked)), by_problem(reference.generate(asked))
    assert made == expected


def test_some_stop_string_was_met(engine: VllmEngine, problems: list[Problem]) -> None:
    asked = [request(problem, replace(GREEDY, stop=("=",))) for problem in problems[:4]]
    for sample in engine.generate(asked):
        assert sample.finish_reason == "stop"
        assert "=" not in sample.text


def test_requests_are_pulled_as_there_is_room(engine: VllmEngine, problems: list[Problem]) -> None:
    pulled = 0

    def source() -> Iterator[Request]:
        nonlocal pulled
        for problem in problems:
            pulled += 1
            yield request(problem, replace(PARAMS, max_tokens=8))

    stream = engine.generate(source())
    next(stream)
    assert pulled <= SMALL["max_num_seqs"] + 16
    assert len(list(stream)) == len(problems) - 1


def test_a_stream_that_is_left_leaves_the_engine_usable(
    engine: VllmEngine, problems: list[Problem]
) -> None:
    stream = engine.generate(request(problem) for problem in problems[:30])
    assert len(list(islice(stream, 2))) == 2
    stream.close()
    again = list(engine.generate([request(problems[0], replace(GREEDY, max_tokens=3))]))
    assert [len(sample.token_ids) for sample in again] == [3]


@pytest.mark.parametrize(
    ("prompt", "max_tokens", "message"),
    [("Max has 2 apples", 510, "need 5[0-9]+ positions"), ("", 5, "has no tokens")],
)
def test_a_prompt_that_does_not_fit_is_never_cut(
    engine: VllmEngine, problems: list[Problem], prompt: str, max_tokens: int, message: str
) -> None:
    item = request(problems[0], replace(GREEDY, max_tokens=max_tokens))
    with pytest.raises(EngineError, match=message) as error:
        list(engine.generate([replace(item, prompt=prompt)]))
    assert item.key.problem_id in error.value.message
    assert list(engine.generate([request(problems[0], replace(GREEDY, max_tokens=2))]))


def test_a_trajectory_that_does_not_fit_is_refused(engine: VllmEngine) -> None:
    with pytest.raises(EngineError, match="to be scored has"):
        engine.score("Max has 2 apples", [5] * 600, 1.0)


def test_ids_that_no_model_knows_are_refused(engine: VllmEngine) -> None:
    with pytest.raises(EngineError, match="a text to be scored: token id 100000 is unknown"):
        engine.score("Max has 2 apples", [5, 100_000], 1.0)
    assert len(engine.score("Max has 2 apples", [5, 6], 1.0).ranks) == 2
