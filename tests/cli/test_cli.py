import shlex

import pytest
from app_world import World

from rast_bench import __version__
from rast_bench.cli import main
from rast_bench.cli.dispatch import COMMANDS
from rast_bench.domain import SampleKey, Verdict
from rast_bench.ledger import Ledger


@pytest.fixture
def experiment(world: World) -> list[str]:
    folder = world.folder / "conf"
    (folder / "experiment").mkdir(parents=True)
    (folder / "experiment/two.yaml").write_text(
        "# @package _global_\n"
        "experiment:\n"
        "  name: two\n"
        "  datasets: [made-up]\n"
        "  rows:\n"
        "    - {label: base, method: base, role: base}\n"
        "    - {label: with delta}\n"
    )
    (folder / "dataset").mkdir()
    (folder / "dataset/made-up.yaml").write_text(f"name: made-up\npath: {world.folder}/set.jsonl\n")
    overrides = [text for text in world.overrides if not text.startswith("dataset.")]
    return ["two", *overrides, "--config-dir", str(folder)]


def run_argv(experiment: list[str]) -> list[str]:
    name, *rest = experiment
    return ["run", f"experiment={name}", *rest]


def test_run_passes_everything_to_hydra(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "-m", *world.overrides, "decoding.temperature=0.5,1.0"]) == 0
    assert capsys.readouterr().out.count("50.0 ± 28.9") == 2
    assert main(["run", "--cfg", "job"]) == 0
    assert "base_model:" in capsys.readouterr().out


def test_show_prompt_prints_what_the_model_reads(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["show-prompt", *world.overrides, "prompt=question-answer"]) == 0
    out, err = capsys.readouterr()
    assert out == "Question:\nq0\nAnswer:\nLet's think step by step.\n\n"
    assert "gold answer '10'" in err
    assert "'<|im_end|>'" in err


def test_show_prompt_shows_each_prompt_of_an_experiment_once(
    experiment: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name, *rest = experiment
    assert main(["show-prompt", f"experiment={name}", *rest]) == 0
    out, err = capsys.readouterr()
    assert out == "Problem : q0 Solution :\n"
    assert err.count("of made-up") == 1


@pytest.mark.parametrize(
    ("words", "reported", "families"),
    [
        ([], "robust-2", ["robust-2"]),
        (["dataset.graders=[simplerl-1,boxed-1]"], "simplerl-1", ["boxed-1", "simplerl-1"]),
        (["dataset.graders=[simplerl-1]", "grader=boxed-1"], "boxed-1", ["boxed-1"]),
    ],
)
def test_the_data_set_names_its_graders(
    words: list[str],
    reported: str,
    families: list[str],
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    overrides = [*world.overrides, "dataset.graders=[robust-2]", *words]
    assert main(["run", *overrides]) == 0
    assert f"Grader: {reported}." in " ".join(capsys.readouterr().out.split())
    found = {path.name for path in world.results.rglob("verdicts-*.parquet")}
    assert sorted({name.removeprefix("verdicts-").rpartition("-")[0] for name in found}) == families


def test_verdicts_of_a_retired_grader_are_read_and_not_made(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    old = [*world.overrides, "dataset.graders=[boxed-1,robust-1]"]
    for words in (["run", *old], ["run", *world.overrides, "grader=robust-1"]):
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(
            "error: grader robust-1: it no longer grades, and 12 samples on tiny-easy lack its "
            "verdict\nhint: robust-2 replaced it"
        )
    assert world.loaded == []
    assert main(["run", *world.overrides, "dataset.graders=[boxed-1]"]) == 0
    ledger = Ledger(world.results)
    (cell,) = ledger.cells()
    kinds = {key: "correct" if key[1] == 0 else "wrong" for key in ledger.completed(cell)}
    verdicts = [Verdict(SampleKey(cell, *key), kind, "1") for key, kind in kinds.items()]
    ledger.write_verdicts(cell, "robust-1", verdicts)
    capsys.readouterr()
    assert main(["run", *world.overrides, "grader=robust-1"]) == 0
    out = capsys.readouterr().out
    assert "25.0 ± 0.0" in out
    assert "Grader: robust-1." in out
    assert main(["run", *world.overrides, "dataset.graders=[robust-2,robust-1]"]) == 0
    assert "Graders robust-2 and robust-1 disagree on" in capsys.readouterr().out
    assert main(["run", *world.overrides, "grader=robust-1", "decoding.n=5"]) == 2
    assert "and 3 samples on tiny-easy lack its verdict" in capsys.readouterr().err


def test_status_counts_cells(
    experiment: list[str],
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def states() -> list[str]:
        assert main(["status", *experiment]) == 0
        return [line.split()[1] for line in capsys.readouterr().out.splitlines()]

    assert states() == ["new", "new"]
    world.interrupt_after = 15
    assert main(run_argv(experiment)) == 130
    capsys.readouterr()
    assert states() == ["complete", "partial"]
    world.interrupt_after = None
    assert main(run_argv(experiment)) == 0
    capsys.readouterr()
    assert states() == ["complete", "complete"]


def test_overrides_may_stand_behind_flags(
    experiment: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name, *overrides, flag, folder = experiment
    assert main(["status", *experiment]) == 0
    before = capsys.readouterr().out
    assert main(["status", name, flag, folder, *overrides]) == 0
    assert capsys.readouterr().out == before


def test_table_prints_what_run_printed_and_generates_nothing(
    experiment: list[str],
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(run_argv(experiment)) == 0
    printed = capsys.readouterr().out
    made = world.requests
    assert main(["table", *experiment]) == 0
    assert capsys.readouterr().out == printed
    assert world.requests == made


def test_a_table_of_partial_cells_is_refused(
    experiment: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", *experiment]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "is partial: 12 of 12 samples are missing" in err


def test_verify_finds_a_flipped_bit_once(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", *world.overrides]) == 0
    capsys.readouterr()
    assert main(["verify", str(world.results)]) == 0
    assert capsys.readouterr().out == "1 cells, 12 samples, 0 corrupt files\n"
    (shard,) = world.results.rglob("samples-*.parquet")
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    assert main(["verify", str(world.results)]) == 1
    out, err = capsys.readouterr()
    assert out == "1 cells, 0 samples, 1 corrupt files\n"
    assert f"corrupt shard {shard}" in err
    assert main(["verify", str(world.results)]) == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["table", "dmo"], "error: experiment has no option 'dmo'"),
        (["status", "demo", "decoding.lamda=1"], "error: there is no key 'decoding.lamda'"),
        (["show-prompt", "dataset=tiny-esy"], "error: dataset has no option 'tiny-esy'"),
        (["verify", "/no/such/folder"], "error: there is no ledger in /no/such/folder"),
        (["verify", "results_dir="], "error: argument --results-dir: no folder is named"),
        (
            ["verify", "a", "--results-dir", "b"],
            "error: the results folder is named twice: a and b",
        ),
        (
            ["table", "demo", "--results-dir", "a", "results_dir=b"],
            "error: the results folder is n",
        ),
        (["plan", "--package", "decoding"], "error: --package and --resolve belong to --cfg"),
        (
            ["run", "-m", "--cfg", "job"],
            "error: argument --cfg/-c: not allowed with argument --mul",
        ),
        (["run", "--hydra-help"], "error: unrecognized arguments: --hydra-help"),
        (["tabel"], "error: there is no command 'tabel'\nhint: did you mean table? "),
        (["analyse", "prc", "demo"], "error: there is no analysis 'prc'\nhint: did you mean pcr? "),
        (
            ["analyse", "pcr", "demo", "--path", "ceiling"],
            "error: there is no method 'ceiling'\nhint: the methods here are base, rast, rl",
        ),
        ([], "error: no command is given\nhint: `rast-bench --help`"),
        (["table"], "error: the following arguments are required: EXPERIMENT"),
        (["show-prompt", "--config-dir", "/no/such"], "error: --config-dir: no folder /no/such"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)


SPELLINGS = {
    "word": ["results_dir={DIR}"],
    "flag": ["--results-dir", "{DIR}"],
}


def _pasted(err: str) -> list[str]:
    """The words of the line `next`, without the program."""
    label, *words = shlex.split(err.splitlines()[-1])
    assert label == "next"
    return words[words.index("rast-bench" if "rast-bench" in words else "rast_bench") + 1 :]


def _moved(words: list[str], folder: str, spelling: str) -> list[str]:
    """The words with another results folder in the place of theirs."""
    kept = [word for word in words if not word.startswith("results_dir=")]
    return [*kept, *(word.replace("{DIR}", folder) for word in SPELLINGS[spelling])]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_results_folder_is_named_alike_everywhere(
    spelling: str,
    experiment: list[str],
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Samples lie in one folder, and every command finds them there however it is named."""
    folder = f"{world.folder}/other results"
    assert main(["run", *_moved(run_argv(experiment)[1:], folder, spelling)]) == 0
    out, err = capsys.readouterr()
    assert main(_pasted(err)) == 0  # report
    assert capsys.readouterr().err.startswith(f"report   {folder}/two/report.html (")
    assert main(["table", *_moved(experiment, folder, spelling)]) == 0
    again, err = capsys.readouterr()
    assert again == out
    assert main(_pasted(err)) == 0  # figure
    assert main(_pasted(capsys.readouterr().err)) == 0  # table
    assert capsys.readouterr().out == out
    assert main(["status", *_moved(experiment, folder, spelling)]) == 0
    assert capsys.readouterr().err.startswith("2 cells: 2 complete")
    assert main(["show-prompt", *_moved(run_argv(experiment)[1:], folder, spelling)]) == 0
    capsys.readouterr()
    named = [word.replace("{DIR}", folder) for word in SPELLINGS[spelling]]
    assert main(["verify", *named]) == 0
    assert capsys.readouterr().out == "2 cells, 24 samples, 0 corrupt files\n"
    assert main(["grade", "--gold", "1", "--answer", "1", *named]) == 0
    assert main(["audit-paper", *named]) == 0
    capsys.readouterr()
    for command in ("status", "cancel", "resume"):
        assert main([command, *named]) == 2
        assert f"there is no launch in {folder}/launches" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_lists_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: rast-bench {command} ")
    assert "--results-dir DIR" in out


def test_status_of_single_cells(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", *world.overrides]) == 0
    assert capsys.readouterr().err == "1 cells: 0 complete, 0 partial, 1 new; 12 samples to make\n"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"rast-bench {__version__}\n"
