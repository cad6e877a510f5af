"""Speculation in the reference engine: the tokens of no speculation, or of the formula by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from composed_reference import ComposedReference, inverse_cdf, model_logits
from engine_requests import (
    PARAMS,
    by_problem,
    engine_of,
    key_of,
    mixed_requests,
    prompt_ids,
    prompt_text,
    request,
)
from goodness_of_fit import FALSE_ALARM, next_token, p_value
from random_checkpoints import (
    EOS_ID,
    QWEN2,
    QWEN2_SMALL_BASE,
    QWEN2_SMALL_RL,
    WORDS,
    Checkpoint,
    Trio,
)

from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, SampleKey, SamplingParams
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.errors import EngineError

VOCABULARY = len(WORDS)


def drafting(key: EngineKey, tokens: int, rows: int = 8) -> TransformersEngine:
    return engine_of(replace(key, draft_tokens=tokens), rows)


def assert_drafts_were_used(engine: TransformersEngine, least: int = 20) -> None:
    """Otherwise equal tokens would say little."""
    assert engine.speculation is not None
    counts = engine.speculation.counts
    assert counts.accepted >= least and counts.judged - counts.accepted >= least


def greedy_requests(count: int, **changes: object) -> list[Request]:
    """Prompts of 1 to 90 tokens, under λ from 0 to 1.7, of up to 45 tokens."""
    return [
        replace(item, params=replace(item.params, greedy=True, **changes))
        for item in mixed_requests(count)
    ]


@pytest.fixture(scope="module")
def near(checkpoint: Checkpoint) -> EngineKey:
    """The base model is S_base, too: the composition is S_RL at λ = 1 and close to it elsewhere."""
    main, rl = checkpoint(QWEN2.but(eos=(1, 4, 8, 15))), checkpoint(QWEN2.but(seed=9))
    return key_of(main, (rl, main, 1.0))


@pytest.mark.parametrize("name", ["qwen2-ensemble", "llama"])
def test_greedy_tokens_are_those_without_drafts(trio: Trio, name: str) -> None:
    main, pairs = trio(name)
    requests = [
        replace(item, params=replace(item.params, repetition_penalty=(1.0, 1.3, 0.8)[i % 3]))
        for i, item in enumerate(greedy_requests(24))
    ]
    plain = by_problem(engine_of(key_of(main, *pairs), 16).generate(requests))
    for tokens, rows in ((4, 16), (7, 3)):
        engine = drafting(key_of(main, *pairs), tokens, rows)
        assert by_problem(engine.generate(requests)) == plain
        assert_drafts_were_used(engine)


def test_greedy_rows_that_end_inside_their_drafts(near: EngineKey) -> None:
    """By EOS, by a stop string and by max_tokens; some of them begin with forced tokens."""
    stops = ((), ("7",), ("3 w",), ("41", "w8 w8"))
    requests = [
        replace(item, params=replace(item.params, stop=stops[i % 4], lambda_=1.0 - 0.1 * (i % 3)))
        for i, item in enumerate(greedy_requests(60))
    ]
    for i in range(0, 60, 5):
        if requests[i].params.max_tokens > 2:
            requests[i] = replace(requests[i], forced_prefix="w5 w9")
    engine = drafting(near, 5)
    found = by_problem(engine.generate(requests))
    assert found == by_problem(engine_of(near).generate(requests))
    reasons = [sample.finish_reason for sample in found.values()]
    assert all(reasons.count(reason) >= 5 for reason in ("eos", "stop", "length"))
    assert engine.speculation is not None
    counts = engine.speculation.counts
    first = sum(3 if item.forced_prefix else 1 for item in requests)
    assert counts.tokens + first == sum(sample.token_count for sample in found.values())
    # Most drafts are accepted here, so rows that end do so inside a draft.
    assert counts.acceptance > 0.7 and counts.tokens_per_pass > 2.5


def test_a_row_may_fill_the_models_positions(checkpoint: Checkpoint) -> None:
    """Drafts beyond the last position must not reach beyond the model or its cache."""
    short = QWEN2.but(max_positions=64)
    main, rl = checkpoint(short), checkpoint(short.but(seed=9))
    key = key_of(main, (rl, main, 1.0))
    requests = [
        request(i, prompt_ids(i, 64 - room), replace(PARAMS, greedy=True, max_tokens=room))
        for i, room in enumerate([1, 2, 3, 5, 9, 40])
    ]
    found = by_problem(drafting(key, 7).generate(requests))
    assert found == by_problem(engine_of(key).generate(requests))


def redraw(reference: ComposedReference, drafter: str, item: Request, k: int) -> list[int]:
    """Speculative sampling as in Leviathan et al., algorithm 1, one full forward pass per token."""
    params = item.params
    tokens: list[int] = []
    prompt = [int(word[1:]) for word in item.prompt.split()]
    uniform = np.random.Generator(np.random.Philox(key=item.seed)).random(
        3 * (params.max_tokens + k + 1)
    )

    def filtered(logits: np.ndarray) -> np.ndarray:
        scaled = logits / params.temperature
        p = np.exp(scaled - np.logaddexp.reduce(scaled))
        order = np.argsort(-p, kind="stable")
        p[order[np.cumsum(p[order]) - p[order] >= params.top_p]] = 0
        return p / p.sum()

    def by_id(masses: np.ndarray, u: float) -> int:
        return int(np.searchsorted(np.cumsum(masses), u * masses.sum(), side="right"))

    def p_of(ids: Sequence[int]) -> np.ndarray:
        return reference.logits([*prompt, *ids], params.lambda_)[-1]

    while len(tokens) < params.max_tokens and EOS_ID not in tokens:
        if not tokens:
            tokens.append(inverse_cdf(p_of([]) / params.temperature, params.top_p, uniform[0]))
            continue
        drafts: list[int] = []
        q: list[np.ndarray] = []
        for i in range(k):
            q.append(filtered(model_logits(drafter, [*prompt, *tokens, *drafts])[-1, :VOCABULARY]))
            drafts.append(by_id(q[i], uniform[3 * (len(tokens) + i) + 2]))
        for i in range(k + 1):
            place = 3 * len(tokens)
            p = filtered(p_of(tokens))
            if i < k and uniform[place + 1] < p[drafts[i]] / q[i][drafts[i]]:
                tokens.append(drafts[i])
                continue
            rest = p if i == k else np.maximum(p - q[i], 0)
            tokens.append(by_id(rest, uniform[place]))
            break
    end = tokens.index(EOS_ID) + 1 if EOS_ID in tokens else len(tokens)
    return tokens[: min(end, params.max_tokens)]


@pytest.mark.parametrize("name", ["qwen2", "llama"])
def test_sampled_tokens_can_be_drawn_again_by_hand(
    trio: Trio, reference: Callable[[str], ComposedReference], name: str
) -> None:
    main, pairs = trio(name)
    requests = [item for item in mixed_requests(14) if not item.params.greedy]
    engine = drafting(key_of(main, *pairs), 3)
    samples = by_problem(engine.generate(requests))
    for item in requests:
        tokens = redraw(reference(name), pairs[0][0], item, 3)
        assert list(samples[item.key.problem_id].token_ids) == tokens
    assert_drafts_were_used(engine, 10)


def test_samples_follow_the_composed_distribution(near: EngineKey) -> None:
    """Each of three tokens after its beginning, with rows of another λ, τ and top-p beside it."""
    pairs = [(pair.rl.path, pair.base.path, pair.weight) for pair in near.pairs]
    reference = ComposedReference(near.main.path, pairs)
    prompt, cells = prompt_ids(5, 12), [(0.3, 1.0, 0.6), (0.6, 0.7, 0.8)]
    requests = [
        Request(
            SampleKey("cell", str(cell), i),
            prompt_text(prompt),
            1000 * i + cell,
            SamplingParams(lambda_, temperature, top_p, max_tokens=3, greedy=False),
        )
        for i in range(1500)
        for cell, (lambda_, temperature, top_p) in enumerate(cells)
    ]
    engine = drafting(near, 2, rows=256)
    samples = list(engine.generate(requests))
    assert_drafts_were_used(engine, 200)
    for cell, (lambda_, temperature, top_p) in enumerate(cells):
        drawn = [sample.token_ids for sample in samples if sample.key.problem_id == str(cell)]
        right, wrong = [], []
        for beginning in {ids[:length] for ids in drawn for length in range(3)}:
            after = [ids[len(beginning)] for ids in drawn if begins(ids, beginning)]
            if len(after) < 100:
                continue
            for found, factor in ((right, lambda_), (wrong, lambda_ + 0.3)):
                context = [*prompt, *beginning]
                law = next_token(reference, context, factor, temperature, top_p)
                found.append(p_value(after, law))
        assert len(right) >= 5
        assert min(right) > FALSE_ALARM
        assert min(wrong) < FALSE_ALARM


def begins(ids: Sequence[int], beginning: Sequence[int]) -> bool:
    """Return whether more tokens follow this beginning."""
    return len(ids) > len(beginning) and tuple(ids[: len(beginning)]) == tuple(beginning)


def test_a_sample_depends_on_its_request_alone(trio: Trio) -> None:
    """Not on the rows beside it, their order or a much longer neighbour; λ, τ and greedy mixed."""
    main, pairs = trio("qwen2-ensemble")
    requests = mixed_requests(16)
    long = request(-1, prompt_ids(-1, 700), replace(PARAMS, max_tokens=16))
    for tokens in (4, 7):
        key = key_of(main, *pairs)
        roomy = by_problem(drafting(key, tokens, 64).generate([*requests, long]))
        for rows in (1, 5):
            alone = by_problem(drafting(key, tokens, rows).generate(reversed(requests[:6])))
            assert alone == {name: roomy[name] for name in alone}


def test_samples_are_seeded_and_differ_from_those_without_drafts(trio: Trio) -> None:
    main, pairs = trio("qwen2")
    requests = [request(i, prompt_ids(i, 5)) for i in range(10)]

    def tokens(drafts: int) -> list[tuple[int, ...]]:
        samples = by_problem(drafting(key_of(main, *pairs), drafts).generate(requests))
        return [samples[item.key.problem_id].token_ids for item in requests]

    assert tokens(3) == tokens(3)
    assert tokens(3) != tokens(0)


def test_more_tokens_begin_with_the_same(trio: Trio) -> None:
    """`max_tokens` may be raised later without another beginning."""
    main, pairs = trio("qwen2")
    engine = drafting(key_of(main, *pairs), 4)
    short, longer = (
        by_problem(
            engine.generate(
                request(i, prompt_ids(i, 9), replace(PARAMS, max_tokens=length)) for i in range(12)
            )
        )
        for length in (9, 21)
    )
    assert all(
        sample.token_ids == longer[name].token_ids[: sample.token_count]
        for name, sample in short.items()
    )
    assert short != longer


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("dexperts", (0.9,)),
        ("mixture", (0.5,)),
        ("nudging", (0.15,)),
        ("rast_first", (6.0,)),
        ("rast_gated", (1.5,)),
    ],
)
def test_other_methods(trio: Trio, method: str, parameters: tuple[float, ...]) -> None:
    """`rast_first` reads how many tokens a row has, which differs along its drafts."""
    main, pairs = trio("qwen2")
    key = replace(key_of(main, *pairs), method=method)
    requests = greedy_requests(16, parameters=parameters, lambda_=1.0)
    engine = drafting(key, 4)
    found = by_problem(engine.generate(requests))
    assert found == by_problem(engine_of(key).generate(requests))
    assert_drafts_were_used(engine, 5)


@pytest.mark.parametrize("greedy", [True, False])
def test_the_drafter_may_be_the_base_model_itself(checkpoint: Checkpoint, greedy: bool) -> None:
    """M + λ (M − S_base): composing must not overwrite what the drafts were drawn from."""
    main, small = checkpoint(QWEN2), checkpoint(QWEN2_SMALL_BASE)
    requests = [
        replace(item, params=replace(item.params, lambda_=0.5, greedy=greedy))
        for item in mixed_requests(8)
    ]
    found = by_problem(drafting(key_of(main, (main, small, 1.0)), 3).generate(requests))
    reference = ComposedReference(main, [(main, small, 1.0)])
    for item in requests:
        prompt = [int(word[1:]) for word in item.prompt.split()]
        tokens = (
            reference.greedy(prompt, 0.5, item.params.max_tokens, EOS_ID)
            if greedy
            else redraw(reference, main, item, 3)
        )
        assert list(found[item.key.problem_id].token_ids) == tokens


def test_padding_is_never_drafted(checkpoint: Checkpoint) -> None:
    """S_RL has ids that M_base's embedding lacks."""
    main = checkpoint(QWEN2.but(vocab_size=VOCABULARY))
    rl, base = (
        checkpoint(recipe.but(vocab_size=64)) for recipe in (QWEN2_SMALL_RL, QWEN2_SMALL_BASE)
    )
    hot = replace(PARAMS, temperature=50.0, top_p=1.0, max_tokens=40)
    requests = [request(i, prompt_ids(i, 4), hot) for i in range(8)]
    engine = drafting(key_of(main, (rl, base, 1.0)), 4)
    drawn = {token for sample in engine.generate(requests) for token in sample.token_ids}
    assert max(drawn) < VOCABULARY and len(drawn) > 40


def test_logits_that_are_not_finite_name_their_problem(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, pairs = trio("qwen2")
    engine = drafting(key_of(main, *pairs), 3)
    compose, calls = engine._compose, 0

    def spoilt(*args: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        composed = compose(*args)
        return composed if calls < 3 else composed.fill_(torch.nan)

    monkeypatch.setattr(engine, "_compose", spoilt)
    with pytest.raises(EngineError, match="problem p4: the composed logits are not finite"):
        list(engine.generate([request(4, prompt_ids(4, 5))]))


def test_narrow_caches_still_hold_every_draft(trio: Trio) -> None:
    main, pairs = trio("qwen2")
    requests = [*mixed_requests(20), request(99, prompt_ids(99, 90), replace(PARAMS, max_tokens=4))]
    expected = by_problem(drafting(key_of(main, *pairs), 7, 32).generate(requests))
    engine = drafting(key_of(main, *pairs), 7, 32)
    engine.cache_bytes = 1024 * 8 * 144
    assert by_problem(engine.generate(requests)) == expected


def test_the_drafter_is_the_first_pairs_rl(trio: Trio) -> None:
    main, pairs = trio("qwen2-ensemble")
    engine = drafting(key_of(main, *pairs), 2)
    assert engine.speculation is not None
    assert engine.models[engine.speculation.drafter].ref.path == pairs[0][0]
