"""The ten lines of docs/vllm.md run as they stand, but for the models' names."""

import re
from pathlib import Path

import pytest

from rast_bench.config.paths import resolve_model
from rast_bench.config.schema import ModelRef

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


def test_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code.strip().splitlines()) <= 11  # with the blank line
    for name, shipped in SHIPPED.items():
        assert f'"{name}"' in code
        code = code.replace(f'"{name}"', repr(resolve_model(ModelRef(path=shipped))))
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
