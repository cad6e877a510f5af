"""`rast-bench serve`: a composition of models behind an OpenAI-compatible server."""

import os
import sys
from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from rast_bench.config.arguments import CommandParser, add_flags, arguments_of, port_number

if TYPE_CHECKING:
    from rast_bench.serving.launch import ServerSpec

SUMMARY = "serve a composition of models (OpenAI's API)"

_DESCRIPTION = """\
Serve M_base with a ΔR, or another composition of models, by vLLM's OpenAI-compatible server. λ
and the parameters of a method belong to a request: in vllm_xargs, or in the model's name. Ctrl-C
ends the server."""

_EPILOG = """\
examples:
  rast-bench serve --base tiny-l --delta tiny-s            options of conf/, here the miniature
  rast-bench serve --base Qwen/Qwen2.5-7B \\
      --delta hkust-nlp/Qwen-2.5-1.5B-SimpleRL-Zoo:Qwen/Qwen2.5-1.5B --lambda 0.8
  rast-bench serve --base ./M --delta ./S_RL:./S_base --name my-model --variant lambda=0.5
  rast-bench serve --base tiny-l --delta tiny-s --method contrastive method.beta=0.3
  rast-bench serve --base tiny-l --delta tiny-s --draft-tokens 7     faster for few requests at once
  rast-bench serve --base tiny-l --delta tiny-s engine.max_num_seqs=32 engine.max_model_len=256
  RAST_BENCH_API_KEY=… rast-bench serve --base tiny-l --delta tiny-s --host 0.0.0.0

Clients name my-model, my-model@lambda=0.5, or any other λ. Settings of the engine are those of
conf/engine/vllm.yaml. docs/serving.md has requests by curl and by the openai client."""

_KEY_VARIABLES = ("RAST_BENCH_API_KEY", "VLLM_API_KEY")


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument(
        "--base", metavar="M", required=True, help="M_base: an option, a folder or a hub id"
    )
    parser.add_argument(
        "--delta",
        metavar="D",
        help="an option, or S_RL:S_base, each a folder or a hub id; only dola needs none",
    )
    parser.add_argument("--method", metavar="NAME", default="rast", help="docs/methods.md (rast)")
    parser.add_argument(
        "--lambda", dest="lambda_", metavar="λ", type=_lambda, help="of requests that set none (1)"
    )
    parser.add_argument(
        "--draft-tokens",
        metavar="K",
        type=int,
        help="tokens that S_RL drafts and one pass verifies, docs/speculation.md (0)",
    )
    parser.add_argument("--name", metavar="NAME", help="of the model (as tiny-l+tiny-s)")
    parser.add_argument(
        "--variant",
        metavar="SETTINGS",
        action="append",
        help="lambda=0.5 lists NAME@lambda=0.5 in /v1/models; may be repeated (lambda=0)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port", metavar="N", type=port_number, default=8000, help="0: a free one (8000)"
    )
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        help=f"that clients must send; better in {' or '.join(_KEY_VARIABLES)}, which `ps` does "
        "not show",
    )
    parser.add_argument("--chat-template", metavar="FILE", help="for tokenizers without one")
    parser.add_argument(
        "overrides",
        metavar="OVERRIDE",
        nargs="*",
        default=[],
        help="engine.key=value, method.key=value",
    )
    add_flags(parser)


def run(args: Namespace) -> int:
    """Serve until Ctrl-C.

    Raises:
        RastBenchError: what is asked for does not exist, does not fit or is not supported.
    """
    from rast_bench.interrupt import until_ctrl_c
    from rast_bench.serving.launch import ServerProcess
    from rast_bench.serving.prepare import Wanted, server_spec

    with until_ctrl_c():
        wanted = Wanted(
            base=args.base,
            delta=args.delta,
            method=args.method,
            lambda_=args.lambda_,
            draft_tokens=args.draft_tokens,
            name=args.name,
            variants=args.variant,
            host=args.host,
            port=args.port,
            keys={"--api-key": args.api_key, **{n: os.environ.get(n) for n in _KEY_VARIABLES}},
            chat_template=args.chat_template,
            arguments=arguments_of(args),
        )
        spec = server_spec(wanted)
        print(f"loading  {spec.served.name}; Ctrl-C ends it", file=sys.stderr, flush=True)
        process = ServerProcess(spec)
        try:
            process.wait_until_ready()
            print(ready_text(spec), file=sys.stderr, flush=True)
            print(f"{spec.address}/v1", flush=True)
            process.wait()
        finally:
            process.stop()
    return 0


def ready_text(spec: "ServerSpec") -> str:
    """Return what a newcomer needs: the models and a request that can be pasted."""
    import json
    import shlex

    from rast_bench.serving.names import number_text

    served = spec.served
    body = {"model": served.name, "prompt": "What is 12 + 30 ?", "max_tokens": 32}
    words = ["curl", f"{spec.address}/v1/completions", "-H", "Content-Type: application/json"]
    command = shlex.join(words)
    if spec.api_key is not None:
        known = (f"${name}" for name in _KEY_VARIABLES if os.environ.get(name) == spec.api_key)
        command += f' -H "Authorization: Bearer {next(known, "KEY")}"'
    settings = (f"{key}={number_text(value)}" for key, value in served.defaults.items())
    return "\n".join(
        (
            f"models   {', '.join(served.listed)}",
            f"settings {', '.join(settings)}",
            f"try      {command} -d {shlex.quote(json.dumps(body))}",
        )
    )


def _lambda(text: str) -> float:
    from rast_bench.vllm_plugin.sampling import checked_lambda

    try:
        return checked_lambda(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
