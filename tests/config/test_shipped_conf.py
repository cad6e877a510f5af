"""The files of conf/ against the schema."""

from typing import Any

import pytest
from pydantic import BaseModel

from rast_bench.config.engines import TransformersConfig, VllmConfig
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.paths import config_dir
from rast_bench.config.schema import GROUPS, CellConfig

OPTIONS = [
    f"{group}={path.stem}" for group in GROUPS for path in sorted((config_dir() / group).iterdir())
]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_makes_a_cell(option: str) -> None:
    fitting = {"method": ["delta=tiny-s"], "prompt": ["base_model.instruct=true"]}
    (cell,) = job_of_overrides([option, *fitting.get(option.partition("=")[0], [])]).cells
    group, name = option.split("=")
    named = getattr(cell, group)
    if hasattr(named, "name") and group != "method":
        assert named.name == name


def test_the_command_line_can_set_every_key_without_a_plus() -> None:
    """A key that config.yaml and the options leave out would need `+key=…`."""
    (cell,) = job_of_overrides(["delta=tiny-s"]).cells
    assignments = [
        f"{group}.{key}={_written(value)}"
        for group in ("dataset", "decoding", "engine")
        for key, value in getattr(cell, group).model_dump(by_alias=True).items()
        if key != "path"
    ]
    assert job_of_overrides(["delta=tiny-s", *assignments]).cells == (cell,)


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(str, value))}]"
    return "null" if value is None else str(value)


def test_the_defaults_of_config_yaml_are_those_of_the_schema() -> None:
    import yaml

    written: dict[str, dict[str, Any]] = yaml.safe_load((config_dir() / "config.yaml").read_text())
    for group in GROUPS:
        if group == "engine":  # each option states all its keys
            continue
        model = CellConfig.model_fields[group].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        defaults = {
            field.alias or name: field.default
            for name, field in model.model_fields.items()
            if not field.is_required()
        }
        stated = written.get(group, {})
        assert {k: tuple(v) if isinstance(v, list) else v for k, v in stated.items()} == defaults


@pytest.mark.parametrize("model", [TransformersConfig, VllmConfig])
def test_every_engine_option_states_the_defaults_of_its_schema(model: type[BaseModel]) -> None:
    import yaml

    name = model.model_fields["name"].default
    written = yaml.safe_load((config_dir() / "engine" / f"{name}.yaml").read_text())
    assert written == {key: field.default for key, field in model.model_fields.items()}


WITHOUT_CEILING = {"table2", "table3"}  # no RL-trained 70B or 14B-1M exists
WITHOUT_RECOVERY = {"figure1a", "figure5", "reply1_pcr", "reply2", "reply5"}
"""Analyses and comparisons of models as they are."""


def test_bases_are_greedy_and_the_rest_is_the_papers_protocol() -> None:
    for entry in job_of_overrides(["experiment=tiny_table1"]).experiment_cells:
        if entry.row is None:
            continue
        decoding = entry.cell.decoding
        if entry.row.role == "base":
            assert decoding.greedy
        elif "τ = 0.5" not in entry.row.label:
            assert (decoding.lambda_, decoding.temperature, decoding.top_p, decoding.n) == (
                1.0,
                1.0,
                0.95,
                32,
            )


def test_the_paper_decodes_as_in_table_5() -> None:
    (cell,) = job_of_overrides(["decoding=paper"]).cells
    assert cell.decoding.model_dump() == {
        "lambda_": 1.0,
        "temperature": 1.0,
        "top_p": 0.95,
        "repetition_penalty": 1.0,
        "n": 32,
        "max_tokens": 16384,
        "seed": 0,
        "greedy": False,
    }


def test_the_papers_prompts_are_those_of_figure_7() -> None:
    (chat,) = job_of_overrides(["prompt=qwen-boxed"]).cells
    assert chat.prompt.template == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n{question}\nPlease reason step by step, and put your final answer "
        "within \\boxed{}.<|im_end|>\n<|im_start|>assistant\n"
    )
    (plain,) = job_of_overrides(["prompt=question-answer-paper-stops"]).cells
    assert plain.prompt.template == "Question:\n{question}\nAnswer:\nLet's think step by step.\n"
    assert plain.prompt.stop == (
        "</s>",
        "<|im_end|>",
        "<|endoftext|>",
        "assistant",
        "user",
        "_end",
        "_start",
    )
