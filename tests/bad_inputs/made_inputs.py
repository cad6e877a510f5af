"""The folders and files that the command lines of cases.json name as {INPUTS}/… and {DIR}/…."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from rast_bench.config.paths import ZOO_WEIGHTS_DIR

TINY = ZOO_WEIGHTS_DIR / "tiny-xs" / "base"
ROW = {"problem_id": "p0", "question": "1 + 1 = ?", "answer": "2"}
LOCKED = ("locked", "conflocked/prompt", "m_dir")
PROMPT = "name: mine\ntemplate: '{question}'\n"

CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "auto_map": {"model_type": "evil", "auto_map": {"AutoConfig": "evil.EvilConfig"}},
    "conf_arch": {"architectures": None, "model_type": "qwen2"},
    "conf_dtype": {"dtype": "float99"},
    "conf_heads": {"num_attention_heads": 0},
    "conf_neg": {"hidden_size": -64},
    "conf_pos_str": {"max_position_embeddings": "many"},
    "conf_quant": {"quantization_config": {"quant_method": "gptq", "bits": 4}},
    "conf_type": {"model_type": None},
    "conf_vocab_big": {"vocab_size": 10**9},
}


def make_inputs(folder: Path) -> None:
    """INPUTS: prompts (conf/prompt), checkpoints (m) and data sets (d), each wrong in one way."""
    _make_prompts(folder / "conf" / "prompt")
    _make_checkpoints(folder / "m")
    _make_data_sets(folder / "d")


def make_locked(folder: Path) -> None:
    """DIR: folders and files that an ordinary user may not use; made by somebody else."""
    for name in ("locked", "conflocked/prompt", "conf/prompt"):
        (folder / name).mkdir(parents=True)
    for name in ("locked/d.jsonl", "d_ok.jsonl"):
        (folder / name).write_text(json.dumps({"id": 1, "response": "2", "gold": "2"}))
    (folder / "conf/prompt/secret.yaml").write_text(PROMPT)
    (folder / "conflocked/prompt/x.yaml").write_text(PROMPT)
    for name in ("m_dir", "m_noconf"):
        shutil.copytree(TINY, folder / name)
    for name in ("conf/prompt/secret.yaml", "m_noconf/config.json"):
        (folder / name).chmod(0)
    for name in LOCKED:
        (folder / name).chmod(0o600)


def _make_prompts(folder: Path) -> None:
    folder.mkdir(parents=True)
    letters = "abcdefghij"
    laughs = "a: &a [ha]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise(letters)
    )
    texts: Mapping[str, bytes | str] = {
        "binary": bytes(range(256)),
        "utf16": PROMPT.encode("utf-16"),
        "latin1": f"{PROMPT}system: café\n".encode("latin-1"),
        "null_character": PROMPT.replace("mine", "m\0ine"),
        "laughs": PROMPT + laughs,
        "holds_itself": PROMPT + "x: &a [*a]\n",
        "deep": PROMPT + "x: " + "[" * 5000 + "]" * 5000,
        "deep_block": PROMPT + "".join(f"{' ' * level}k:\n" for level in range(300)),
        "defaults_num": f"defaults: 5\n{PROMPT}",
        "defaults_null": f"defaults: null\n{PROMPT}",
        "defaults_pair": f"defaults: [{{a: b, c: d}}]\n{PROMPT}",
        "defaults_itself": f"defaults: [p_defaults_itself]\n{PROMPT}",
        "defaults_missing": f"defaults: [nothing]\n{PROMPT}",
        "package_bad": f"# @package 5 6 7\n{PROMPT}",
        "package_elsewhere": f"# @package a.b.c\n{PROMPT}",
        "huge_number": f"x: {'9' * 5000}\n{PROMPT}",
        "null_key": f"? \n: 1\n{PROMPT}",
        "number_key": f"1: 2\n{PROMPT}",
        "twice": PROMPT + PROMPT,
        "tag": f"x: !!python/object:os.system {{}}\n{PROMPT}",
        "nowhere": f"x: ${{nothing}}\n{PROMPT}",
        "open_brace": f"x: ${{${{\n{PROMPT}",
        "half_surrogate": PROMPT + 'x: "\\ud800"\n',
        "list": "- a\n- b\n",
        "scalar": "5\n",
        "empty": "",
        "large": f"{PROMPT}x: {'a' * 5_000_000}\n",
    }
    for name, text in texts.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / f"p_{name}.yaml").write_bytes(data)
    (folder / "p_folder.yaml").mkdir()
    os.mkfifo(folder / "p_pipe.yaml")
    (folder / "p_loop.yaml").symlink_to("p_loop.yaml")
    (folder / "p_device.yaml").symlink_to("/dev/zero")


def _make_checkpoints(folder: Path) -> None:
    for name, changes in CONFIGS.items():
        _change_json(_copy(folder / name) / "config.json", lambda old, new=changes: {**old, **new})
    (folder / "auto_map" / "evil.py").write_text(
        "from transformers import PretrainedConfig\n"
        "open('evil-ran', 'w').close()\n"
        "class EvilConfig(PretrainedConfig): model_type = 'evil'\n"
    )
    (_copy(folder / "conf_deep") / "config.json").write_text("[" * 100_000 + "]" * 100_000)
    _change_weights(_copy(folder / "inf_all"), every=True)
    _change_weights(_copy(folder / "nan_one"), every=False)
    (_copy(folder / "tok_list") / "tokenizer.json").write_text("[]")
    for name, changes in (("tok_type", {"type": "None such"}), ("tok_vocab_list", {"vocab": [1]})):
        _change_json(
            _copy(folder / name) / "tokenizer.json",
            lambda old, new=changes: {**old, "model": {**old["model"], **new}},
        )
    weights = _copy(folder / "wfifo") / "model.safetensors"
    weights.unlink()
    os.mkfifo(weights)


def _copy(folder: Path) -> Path:
    shutil.copytree(TINY, folder)
    return folder


def _change_json(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def _change_weights(folder: Path, *, every: bool) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    tensors = load_file(path)
    for name in tensors if every else list(tensors)[:1]:
        if every:
            tensors[name].fill_(float("inf"))
        else:
            tensors[name].view(-1)[0] = float("nan")
    save_file(tensors, path, metadata={"format": "pt"})


def _make_data_sets(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    deep = "[" * 100_000 + "]" * 100_000
    row = json.dumps(ROW)[:-1]
    (folder / "deep_nesting.jsonl").write_text(deep)
    (folder / "deep_in_field.jsonl").write_text(f'{row}, "extra": {deep}}}\n')
    (folder / "huge_int.jsonl").write_text(f'{row}, "extra": {"9" * 5000}}}\n')
    columns = {name: pa.array([text]) for name, text in ROW.items()}
    broken = pa.Array.from_buffers(
        pa.utf8(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    pq.write_table(pa.table({**columns, "question": broken}), folder / "badutf8.parquet")
    late = pa.array([2**62], pa.timestamp("us"))
    pq.write_table(pa.table({**columns, "when": late}), folder / "timestamp.parquet")
