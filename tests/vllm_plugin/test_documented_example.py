"""The examples of docs/vllm.md run as they stand, but for the models' names."""

import json
import re
import shlex
from pathlib import Path

import pytest
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.utils.argparse_utils import FlexibleArgumentParser

from rast_bench.config.paths import resolve_model
from rast_bench.config.schema import ModelRef
from rast_bench.vllm_plugin.settings import ARCHITECTURE, OVERRIDE, WORKER

PAGE = Path(__file__).parents[2] / "docs" / "vllm.md"
SHIPPED = {
    "Qwen/Qwen2.5-7B": "zoo:tiny-l/base",
    "hkust-nlp/Qwen-2.5-1.5B-SimpleRL-Zoo": "zoo:tiny-s/rl-0",
    "Qwen/Qwen2.5-1.5B": "zoo:tiny-s/base",
}
SMALLER = {
    "max_num_seqs=64": 'max_num_seqs=4, enforce_eager=True, dtype="float32", '
    "kv_cache_memory_bytes=1 << 24, block_size=32",
    '"max_tokens": 512': '"max_tokens": 12',
}


def with_shipped_models(code: str) -> str:
    for name, shipped in SHIPPED.items():
        assert f'"{name}"' in code
        code = code.replace(f'"{name}"', repr(resolve_model(ModelRef(path=shipped))))
    return code


def test_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code.strip().splitlines()) <= 11  # with the blank line
    code = with_shipped_models(code)
    for setting, smaller in SMALLER.items():
        assert setting in code
        code = code.replace(setting, smaller)
    names: dict[str, object] = {}
    try:
        exec(compile(code, str(PAGE), "exec"), names)
    finally:
        if "llm" in names:
            names["llm"].llm_engine.engine_core.shutdown()
    printed = capsys.readouterr().out
    assert all(re.search(rf"^{lambda_} ", printed, re.MULTILINE) for lambda_ in (0.0, 0.5, 1.0))


def test_the_file_for_vllms_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """vLLM's own parser takes it; test_serve.py starts a server from such a file."""
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    made = re.search(r"python -c '\n(.*?)' > (\S+)\n\n(python .*)", block, re.DOTALL)
    assert made is not None
    code, name, start = made[1], made[2], made[3].splitlines()[0]
    exec(compile(with_shipped_models(code), str(PAGE), "exec"), {})
    file = tmp_path / name
    file.write_text(capsys.readouterr().out)
    module = "vllm.entrypoints.openai.api_server"
    assert shlex.split(start) == ["python", "-m", module, "--config", name]
    parser = AsyncEngineArgs.add_cli_args(FlexibleArgumentParser())
    args = AsyncEngineArgs.from_cli_args(parser.parse_args(parser.load_config_file(str(file))))
    given = json.loads(file.read_text())
    assert (args.model, args.worker_cls) == (given["model"], WORKER)
    assert (args.hf_overrides, args.max_model_len) == (given["hf-overrides"], 512)
    assert args.hf_overrides["architectures"] == [ARCHITECTURE]
    assert given["hf-overrides"][OVERRIDE]["pairs"]
