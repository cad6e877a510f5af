import json
import os
from pathlib import Path
from typing import Any

import pytest
from checkpoint_maker import MakeCheckpoint
from hypothesis import given
from hypothesis import strategies as st
from plain_cells import changed, plain_cell

from rast_bench.config.identity import (
    cell_id,
    cell_identity,
    engine_key,
    model_fingerprint,
    sample_seed,
)
from rast_bench.config.schema import ModelRef
from rast_bench.domain import SampleKey
from rast_bench.errors import ModelError

MUTATIONS = json.loads((Path(__file__).parent / "data/identity_mutations.json").read_text())


@pytest.fixture
def models(tmp_path: Path, make_checkpoint: MakeCheckpoint) -> Path:
    for name in ("l-base", "l-rl", "s-base", "s-rl"):
        make_checkpoint(name)
    make_checkpoint("copy-of-l-base", {"model.safetensors": "weights of l-base"})
    return tmp_path


@pytest.mark.parametrize("case", MUTATIONS, ids=lambda case: case["name"])
def test_only_what_changes_tokens_changes_the_id(case: dict[str, Any], models: Path) -> None:
    data = plain_cell(models)
    before = cell_id(cell_identity(changed(data, case.get("from", {}), models), "sha256:data"))
    after = cell_id(cell_identity(changed(data, case["to"], models), "sha256:data"))
    assert (before == after) is case["same"]


def test_changed_data_is_a_new_cell(models: Path) -> None:
    cell = changed(plain_cell(models), {}, models)
    assert cell_identity(cell, "sha256:a") != cell_identity(cell, "sha256:b")


def test_ids_are_stable_over_versions(models: Path) -> None:
    """A change here makes every stored sample of every user worthless: raise IDENTITY_VERSION."""
    data = plain_cell(models)
    golden = {"rast": "04b641660259bad1", "base": "955be0c90dff8489", "rl": "1f7b1e25b27dec5e"}
    ids = {
        method: cell_id(cell_identity(changed(data, {"method.name": method}, models), "sha256:d"))
        for method in golden
    }
    greedy = {"method.name": "base", "decoding.greedy": True}
    ids["greedy"] = cell_id(cell_identity(changed(data, greedy, models), "sha256:d"))
    assert ids == {**golden, "greedy": "c3cd73fbe540989b"}


def test_the_identity_is_plain_json(models: Path) -> None:
    identity = cell_identity(changed(plain_cell(models), {}, models), "sha256:d")
    assert json.loads(json.dumps(identity)) == identity


def test_engine_keys_load_what_the_method_needs(models: Path) -> None:
    data = plain_cell(models)
    rast, base, rl = (
        engine_key(changed(data, {"method.name": method}, models))
        for method in ("rast", "base", "rl")
    )
    assert [Path(key.main.path).name for key in (rast, base, rl)] == ["l-base", "l-base", "l-rl"]
    assert [len(key.pairs) for key in (rast, base, rl)] == [1, 0, 0]
    assert len({rast, base, rl, engine_key(changed(data, {"decoding.n": 99}, models))}) == 3


@pytest.mark.parametrize(
    "file", ["config.json", "generation_config.json", "tokenizer.json", "model.safetensors"]
)
def test_a_changed_file_is_a_changed_model(file: str, make_checkpoint: MakeCheckpoint) -> None:
    folder = make_checkpoint("m")
    ref = ModelRef(path=str(folder))
    before = model_fingerprint(ref)
    (folder / file).write_text("other")
    assert model_fingerprint(ref) != before


def test_a_readme_is_no_part_of_a_model(make_checkpoint: MakeCheckpoint) -> None:
    folder = make_checkpoint("m")
    ref = ModelRef(path=str(folder))
    before = model_fingerprint(ref)
    (folder / "README.md").write_text("words")
    assert model_fingerprint(ref) == before


def test_a_file_replaced_by_one_of_equal_size_is_hashed_again(
    make_checkpoint: MakeCheckpoint,
) -> None:
    weights = make_checkpoint("m") / "model.safetensors"
    ref = ModelRef(path=str(weights.parent))
    weights.write_text("aaaa")
    before = model_fingerprint(ref)
    stat = weights.stat()
    weights.write_text("bbbb")
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert model_fingerprint(ref) != before


def test_hub_models_are_named_by_their_revision() -> None:
    assert model_fingerprint(ModelRef(path="org/m", revision="abc")) == "hub:org/m@abc"
    assert model_fingerprint(ModelRef(path="org/m")) == "hub:org/m@main"


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_broken_checkpoint_is_named(missing: str, make_checkpoint: MakeCheckpoint) -> None:
    folder = make_checkpoint("m")
    (folder / missing).unlink()
    with pytest.raises(ModelError, match=r"no (config\.json|\*\.safetensors) in .*/m") as caught:
        model_fingerprint(ModelRef(path=str(folder)))
    assert caught.value.hint


def test_seeds_are_stable_and_of_63_bits() -> None:
    assert sample_seed(SampleKey("0123456789abcdef", "p/1", 3)) == 899878356608113173


@given(
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.integers(0, 99)), unique=True)
)
def test_every_sample_has_its_own_seed(keys: list[tuple[str, str, int]]) -> None:
    seeds = [sample_seed(SampleKey(*key)) for key in keys]
    assert len(set(seeds)) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)
