"""The shipped facts cover conf/, name their sources, and agree with one another."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.paths import ZOO_PREFIX, config_dir
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ModelError
from rast_bench.known import (
    KnownModel,
    check_known_config,
    known_dataset,
    known_datasets,
    known_model,
    known_models,
)
from rast_bench.planning.checkpoints import config_parameters

KNOWN_PARAMETERS = {
    entry["name"]: entry["parameters"]
    for entry in json.loads(
        (Path(__file__).parents[1] / "planning/data/known_models.json").read_text()
    )
}
MODELS = {known.path: known for known in known_models()}


def refs(content: Any) -> Iterator[ModelRef]:
    """Every {path, revision} of a YAML file."""
    if isinstance(content, dict):
        if "path" in content:
            yield ModelRef(path=content["path"], revision=content.get("revision"))
        else:
            for value in content.values():
                yield from refs(value)
    elif isinstance(content, list):
        for value in content:
            yield from refs(value)


@pytest.mark.parametrize("group", ["base_model", "delta"])
def test_every_checkpoint_of_conf_is_known_at_its_revision(group: str) -> None:
    named = {
        ref
        for file in (config_dir() / group).glob("*.yaml")
        for ref in refs(yaml.safe_load(file.read_text(encoding="utf-8")))
        if not ref.path.startswith(ZOO_PREFIX)
    }
    assert len(named) > 5
    for ref in named:
        known = known_model(ref)
        assert known is not None, ref
        assert known.revision == ref.revision, ref


def test_every_data_set_of_conf_is_known_with_rows_that_conf_knows() -> None:
    for file in (config_dir() / "dataset").glob("*.yaml"):
        cfg = job_of_overrides([f"dataset={file.stem}"]).cells[0].dataset
        if not cfg.path.startswith(ZOO_PREFIX):
            known = known_dataset(cfg)
            assert known is not None, cfg.name
            assert known.rows in cfg.known_rows


def test_subsets_are_told_apart() -> None:
    rows = {}
    for subset in ("gpqa_diamond", "gpqa_main", "gpqa_extended", "other"):
        words = ["dataset=gpqa", f"dataset.subset={subset}"]
        known = known_dataset(job_of_overrides(words).cells[0].dataset)
        rows[subset] = known and known.rows
    assert rows == {"gpqa_diamond": 198, "gpqa_main": 448, "gpqa_extended": 546, "other": None}


def test_every_fact_names_its_source() -> None:
    for model in known_models():
        facts = {"shape", "positions", "dtype", "eos", "tokenizer"}
        facts |= {"attention"} if model.attention else set()
        facts |= {"saved_parameters"} if model.saved_parameters else set()
        assert set(model.sources) == facts, model.path
    for dataset in known_datasets():
        named = {"rows", "longest_question", "response_tokens"}
        assert set(dataset.sources) == {
            fact for fact in named if getattr(dataset, fact) is not None
        }


@pytest.mark.parametrize("name", KNOWN_PARAMETERS)
def test_shapes_give_the_published_parameter_counts(name: str) -> None:
    known = next(known for path, known in MODELS.items() if path.endswith(f"/{name}"))
    assert config_parameters(known.config) == KNOWN_PARAMETERS[name]


def test_a_model_and_its_rl_sibling_have_one_shape() -> None:
    seven = MODELS["hkust-nlp/Qwen-2.5-7B-SimpleRL-Zoo"]
    assert seven.shape == MODELS["Qwen/Qwen2.5-7B"].shape
    assert seven.dtype == "float32"


def refuses(known: KnownModel, **changes: Any) -> bool:
    try:
        check_known_config(
            ModelRef(path=known.path, revision=known.revision), known.config | changes
        )
    except ModelError as error:
        assert "\n" not in error.message
        assert error.hint is not None
        return True
    return False


def test_a_configuration_that_contradicts_a_certain_fact_is_refused() -> None:
    certain = MODELS["Qwen/Qwen2.5-14B"]
    assert not refuses(certain)
    assert not refuses(certain, eos_token_id=[1], dtype=None, torch_dtype="torch.bfloat16")
    assert refuses(certain, num_key_value_heads=40)
    assert refuses(certain, max_position_embeddings=32768)
    assert refuses(certain, dtype="float32")
    other = ModelRef(path=certain.path, revision=None)
    check_known_config(other, certain.config | {"hidden_size": 1})  # another revision may differ
    check_known_config(ModelRef(path="org/unknown"), {})


def test_what_is_guessed_refuses_nothing() -> None:
    guessed = MODELS["ganler/CodeR1-Zero-Qwen2.5-7B-12k-832"]
    assert guessed.uncertain("shape")
    assert guessed.uncertain("dtype")
    assert not refuses(guessed, hidden_size=1, dtype="float32", max_position_embeddings=32768)
    paged = MODELS["hkust-nlp/Qwen-2.5-14B-SimpleRL-Zoo"]  # the page shows the weights' dtype
    assert not refuses(paged, dtype="bfloat16")
