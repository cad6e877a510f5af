"""Tensor parallelism: two worker processes, each with half of every model."""

from plugin_engine import assert_exact, assert_greedy, complete, outputs, running

from rast_bench.vllm_plugin import rast_sampling_params


def test_two_ranks_are_exact(on_disk):
    world = on_disk("ensemble")
    cases = [(prompt, x) for prompt in world.prompts([1, 33, 70]) for x in (0.0, 0.5, 1.0)]
    params = [
        rast_sampling_params(lambda_, temperature=i % 2, seed=i, max_tokens=32, logprobs=0)
        for i, (_, lambda_) in enumerate(cases)
    ]
    unsteered = [rast_sampling_params(0.0, temperature=0, max_tokens=10, logprobs=0)] * 3
    ranks = {"tensor_parallel_size": 2, "distributed_executor_backend": "mp"}
    with running(world.engine_args(**ranks)) as llm:
        completions = complete(llm, [prompt for prompt, _ in cases], params)
        plain = outputs(llm, world.prompts([5, 6, 7]), unsteered)
    for i, ((prompt, lambda_), completion) in enumerate(zip(cases, completions, strict=True)):
        assert_exact(world.reference, prompt, completion, lambda_)
        if i % 2 == 0:
            assert_greedy(world.reference, prompt, completion, lambda_)
    for answer in plain:
        assert_exact(world.reference, answer.prompt_token_ids, answer.outputs[0], 0.0)
