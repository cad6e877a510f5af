"""A plan lists every fault; a run stops at one of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from planned_models import jobs_of

from rast_bench.config.identity import engine_key
from rast_bench.config.paths import ZOO_WEIGHTS_DIR
from rast_bench.engines.model_folder import read_json
from rast_bench.errors import RastBenchError
from rast_bench.ledger import Ledger
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.compatibility import eos_notes
from rast_bench.planning.groups import Assumptions
from rast_bench.reporting.plan_report import PlanReport, build_report

BAD = json.loads((Path(__file__).parent / "data/plans_with_errors.json").read_text())


def plan(tmp_path: Path, *words: str) -> PlanReport:
    return build_report(jobs_of(*words), Ledger(tmp_path / "results"), Assumptions())


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[str, str], Path]:
    """copied(zoo name, name) is a checkpoint of one's own to spoil."""

    def copy(zoo: str, name: str) -> Path:
        return shutil.copytree(ZOO_WEIGHTS_DIR / zoo, tmp_path / name)

    return copy


def edit(folder: Path, file: str, **changes: object) -> None:
    content = read_json("model", folder / file)
    (folder / file).write_text(json.dumps(content | changes))


@pytest.mark.parametrize("case", BAD, ids=lambda case: " ".join(case["words"]))
def test_every_fault_is_listed_and_one_of_them_stops_a_run(
    case: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report = plan(tmp_path, *case["words"])
    messages = [fault.message for fault in report.errors]
    assert len(messages) == len(case["errors"])
    for message, start in zip(messages, case["errors"], strict=True):
        assert message.startswith(start)
    if case["errors"]:
        with pytest.raises(RastBenchError) as refused:
            plan_jobs(jobs_of(*case["words"]))
        assert refused.value.message in messages
    else:
        plan_jobs(jobs_of(*case["words"]))


def test_faults_of_different_models_and_the_cells_that_they_stop(
    tmp_path: Path, copied: Callable[[str, str], Path]
) -> None:
    broken, foreign = copied("tiny-s/rl-0", "broken"), copied("tiny-s/base", "foreign")
    (broken / "model.safetensors").write_bytes(b"")
    tokenizer = read_json("foreign", foreign / "tokenizer.json")
    vocabulary = tokenizer["model"]["vocab"]
    first, second = list(vocabulary)[-2:]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    (foreign / "tokenizer.json").write_text(json.dumps(tokenizer))
    pair = f"{{rl: {{path: {broken}}}, base: {{path: {foreign}}}}}"
    report = plan(
        tmp_path,
        "-m",
        f"delta.pairs=[{pair}]",
        "method=rast,base",
        "decoding.max_tokens=100,600",
    )
    found = [(fault.message, fault.cells) for fault in report.errors]
    assert [cells for _, cells in found] == [2, 2, 1]
    assert "is broken" in found[0][0]
    assert "differ in 2 tokens" in found[1][0]
    assert "has 512 positions" in found[2][0]
    assert [cell.state for cell in report.cells] == [None, None, "new", "new"]


def test_a_model_that_cannot_be_split(tmp_path: Path) -> None:
    words = ("engine=vllm", "delta=tiny-s", "engine.tensor_parallel_size=5")
    (fault,) = plan(tmp_path, *words).errors
    assert fault.message.startswith("engine.tensor_parallel_size=5 cannot work: model zoo:tiny-l")
    assert fault.hint == "sizes that divide all models: 1, 2"


def notes_of(*words: str) -> list[str]:
    return eos_notes([engine_key(job.cells[0]) for job in jobs_of(*words)])


def test_models_that_agree_on_their_end_need_no_note() -> None:
    assert notes_of("-m", "delta=tiny-s,tiny-ensemble") == []


def test_other_eos_ids_are_noted(copied: Callable[[str, str], Path]) -> None:
    other = copied("tiny-l/base", "main")
    edit(other, "generation_config.json", eos_token_id=[2, 3])
    notes = notes_of(f"base_model.base.path={other}", "delta=tiny-s")
    assert notes == [
        f"{other}: EOS is 1 by config.json, but only 2, 3 by generation_config.json ends a "
        "generation",
        f"{other}: EOS is 1 by tokenizer_config.json, but only 2, 3 by generation_config.json ends "
        "a generation",
        f"zoo:tiny-s/rl-0: its EOS is 1; generations end with that of {other}, 2, 3",
        f"zoo:tiny-s/base: its EOS is 1; generations end with that of {other}, 2, 3",
    ]


def test_a_model_that_the_hub_does_not_give_is_a_fault_of_unknown_size(tmp_path: Path) -> None:
    report = plan(tmp_path, "base_model.base.path=org/never-seen", "delta=tiny-s")
    (fault,) = report.errors
    assert fault.message.startswith("model org/never-seen cannot be downloaded from the hub: ")
    assert fault.cells == 1
    (group,) = report.groups
    assert group.unknown_models == ("org/never-seen",)
    assert group.memory is None
