"""One vLLM engine in a process of its own, driven by JSON lines.

`python -m gpu_checks.engine_worker` reads from stdin and answers on stdout: the first line builds
the engine, every further one is a request; each gets one line back. vLLM prints to stderr.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> int:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engine: Any = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if engine is None:
                engine = build(request)
                answer = describe(engine)
            else:
                answer = CALLS[request.pop("call")](engine, **request)
        except Exception as error:  # whatever it is, it is a line of the report
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()
        if "error" in answer:
            return 1
    if engine is not None:
        engine.llm_engine.engine_core.shutdown()
    return 0


def build(request: dict[str, Any]) -> Any:
    """vLLM's LLM: the composite of `model` and `pairs`, or plain `model` when `pairs` is None."""
    from vllm import LLM

    from rast_bench.vllm_plugin import Pair, rast_engine_args

    model, pairs, args = request["model"], request["pairs"], request["engine_args"]
    if pairs is None:
        return LLM(model=model, **args)
    return LLM(**rast_engine_args(model, [Pair(*pair) for pair in pairs], **args))


def describe(engine: Any) -> dict[str, Any]:
    """Return what vLLM made of the settings."""
    config = engine.llm_engine.vllm_config
    return {
        "runner": "v2" if config.use_v2_model_runner else "v1",
        "cuda_graphs": str(config.compilation_config.cudagraph_mode),
        "async_scheduling": bool(config.scheduler_config.async_scheduling),
        "key_value_blocks": config.cache_config.num_gpu_blocks,
    }


def generate(
    engine: Any, prompts: list[list[int]], params: list[dict[str, Any]], brief: bool = False
) -> dict[str, Any]:
    """Return every completion, or only the number of tokens; and seconds of wall and CPU time."""
    asked = [{"prompt_token_ids": prompt} for prompt in prompts]
    sampling = [sampling_params(**entry) for entry in params]
    start, cpu_start = time.perf_counter(), time.process_time()
    outputs = engine.generate(asked, sampling, use_tqdm=False)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    tokens = sum(len(c.token_ids) for output in outputs for c in output.outputs)
    cost = {"seconds": seconds, "cpu_seconds": cpu_seconds, "tokens": tokens}
    if brief:
        return cost
    return {
        **cost,
        "outputs": [
            {
                "cached": output.num_cached_tokens,
                "prompt": prompt_log_probabilities(output),
                "completions": [
                    {"tokens": list(c.token_ids), "logs": log_probabilities(c)}
                    for c in output.outputs
                ],
            }
            for output in outputs
        ],
    }


def sampling_params(lambda_: float | None = None, **params: Any) -> Any:
    from vllm import SamplingParams

    from rast_bench.vllm_plugin import rast_sampling_params

    if lambda_ is None:
        return SamplingParams(detokenize=False, **params)
    return rast_sampling_params(lambda_, detokenize=False, **params)


def log_probabilities(completion: Any) -> list[float] | None:
    if completion.logprobs is None:
        return None
    steps = zip(completion.token_ids, completion.logprobs, strict=True)
    return [step[token].logprob for token, step in steps]


def prompt_log_probabilities(output: Any) -> list[float] | None:
    """Of every prompt token but the first, which nothing precedes."""
    if output.prompt_logprobs is None:
        return None
    steps = zip(output.prompt_token_ids, output.prompt_logprobs, strict=True)
    return [step[token].logprob for token, step in list(steps)[1:]]


def counters(engine: Any) -> dict[str, float]:
    """Drafts, draft tokens and accepted ones since the engine started."""
    prefix = "vllm:spec_decode_num_"
    return {
        metric.name.removeprefix(prefix): metric.value
        for metric in engine.get_metrics()
        if metric.name.startswith(prefix) and hasattr(metric, "value")
    }


CALLS: dict[str, Callable[..., dict[str, Any]]] = {"generate": generate, "counters": counters}

if __name__ == "__main__":
    if sys.argv[1:] == ["bandwidth"]:
        from gpu_checks.bandwidth import copy_bandwidth

        print(copy_bandwidth("cuda", 4.0))
    elif sys.argv[1:]:
        raise SystemExit(f"{Path(__file__).name}: unknown arguments {sys.argv[1:]}")
    else:
        raise SystemExit(main())
