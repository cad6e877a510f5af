"""A sweep's jobs from few compositions are those that Hydra makes by composing every point."""

import itertools
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper  # the reference
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import OverrideParseException
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from rast_bench.config.arguments import CommandArguments, read_arguments
from rast_bench.config.compose import Job
from rast_bench.config.frontend import job_of, jobs_of_command_line
from rast_bench.config.hydra_errors import as_config_error
from rast_bench.config.hydra_launcher import check_one_launcher, hydra_overrides
from rast_bench.config.overrides import parsed_overrides
from rast_bench.config.paths import config_dir
from rast_bench.config.sweep import Compositions, read_sweep
from rast_bench.errors import ConfigError

SWEEPS = json.loads((Path(__file__).parent / "data/sweeps.json").read_text())

AXES = {
    "base_model": ["tiny-s", "tiny-l"],
    "delta": ["none", "tiny-xs", "tiny-ensemble", "tiny-z"],
    "method": ["auto", "base", "rl"],
    "dataset": ["tiny-easy", "tiny-hard-dev"],
    "decoding": ["tiny", "greedy", "paper"],
    "engine": ["transformers", "vllm"],
    "decoding.lambda": ["0", "0.5", "1", "-1"],
    "decoding.temperature": ["0.5", "1e-3", "0"],
    "decoding.max_tokens": ["5", "null"],
    "engine.max_num_seqs": ["1", "2"],
    "engine.kv_cache_gib": ["1", "2.5"],
    "prompt.stop": ["[]", "[a]"],
    "dataset.name": ["x", "${prompt.name}"],
    "label": ["a", "'b c'", "null"],
}


def jobs_one_by_one(argv: Sequence[str]) -> list[Job]:
    """Every point as Hydra's sweeper lists it, composed on its own."""
    words = read_arguments(argv)
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        parser = OverridesParser.create(GlobalHydra.instance().config_loader())
        parsed = parser.parse_overrides(hydra_overrides(words.overrides))
        own = [override for override in parsed if not override.is_hydra_override()]
        (points,) = BasicSweeper.split_arguments(own, None)
    hydras = [str(override.input_line) for override in parsed if override.is_hydra_override()]
    jobs = [
        job_of(CommandArguments((*hydras, *point), config_dir=words.config_dir)) for point in points
    ]
    check_one_launcher([job.launcher for job in jobs])
    return jobs


def both_ways(argv: Sequence[str]) -> list[object]:
    """The jobs, or the error that a user sees, made quickly and one by one."""
    made: list[object] = []
    for way in (jobs_of_command_line, jobs_one_by_one):
        try:
            made.append(way(argv))
        except ConfigError as error:
            made.append(error.render())
        except OverrideParseException as error:
            made.append(as_config_error(error).render())
    return made


@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_kind_of_sweep_gives_what_hydra_gives(sweep: str) -> None:
    argv = ["-m", *_words(sweep)]
    quick, slow = both_ways(argv)
    assert quick == slow


@given(data=st.data())
@settings(max_examples=4, deadline=None)
def test_any_sweep_gives_what_hydra_gives(data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.sampled_from(sorted(AXES)), min_size=1, max_size=3, unique=True))
    argv = ["-m"]
    for place, key in enumerate(keys):
        most = 2 if place < 2 else 1  # four points at most: Hydra takes half a second for each
        values = st.lists(st.sampled_from(AXES[key]), min_size=1, max_size=most, unique=True)
        argv.append(f"{key}={','.join(data.draw(values))}")
    assume(any("," in word for word in argv))
    quick, slow = both_ways(argv)
    assert quick == slow


def test_options_of_ones_own_may_change_other_groups(tmp_path: Path) -> None:
    """`both` sets dataset.limit as well, so its points cannot be put together from parts."""
    (tmp_path / "prompt").mkdir()
    (tmp_path / "prompt/both.yaml").write_text(
        "# @package _global_\nprompt: {name: both, template: '{question}'}\ndataset: {limit: 77}\n"
    )
    argv = ["-m", "--config-dir", str(tmp_path), "prompt=tiny,both", "delta=none,tiny-s"]
    quick, slow = both_ways([*argv, "decoding.seed=1,2", "dataset=tiny-easy,tiny-hard"])
    assert quick == slow
    assert isinstance(quick, list)
    assert {job.cells[0].dataset.limit for job in quick} == {None, 77}


def test_parameters_of_the_sweeper_are_swept_too(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/preset.yaml").write_text(
        "# @package _global_\nhydra: {mode: MULTIRUN, sweeper: {params: {decoding.n: '1,2'}}}\n"
    )
    argv = ["--config-dir", str(tmp_path), "experiment=preset", "decoding.seed=1,2"]
    for words in (argv, ["-m", *argv]):
        decodings = [job.cells[0].decoding for job in jobs_of_command_line(words)]
        assert [(d.n, d.seed) for d in decodings] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    more = "experiment: preset\nhydra: {sweeper: {params: {decoding.seed: 'range(0,1000000)'}}}\n"
    (tmp_path / "experiment/huge.yaml").write_text(f"# @package _global_\n{more}")
    with pytest.raises(ConfigError, match="makes 1,000,000 jobs"):
        jobs_of_command_line(["-m", "--config-dir", str(tmp_path), "experiment=huge"])


def test_another_sweeper_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hydra/sweeper").mkdir(parents=True)
    (tmp_path / "hydra/sweeper/mine.yaml").write_text("_target_: mine.Sweeper\n")
    argv = ["-m", "--config-dir", str(tmp_path), "hydra/sweeper=mine", "decoding.seed=1,2"]
    with pytest.raises(ConfigError, match="hydra/sweeper=mine: a sweep takes all combinations"):
        jobs_of_command_line(argv)


def test_a_job_of_a_sweep_knows_its_overrides() -> None:
    jobs = jobs_of_command_line(["-m", "decoding.n=1,2", "delta=none,tiny-s"])
    assert [job.overrides for job in jobs] == [
        (f"decoding.n={n}", f"delta={delta}") for n in (1, 2) for delta in ("none", "tiny-s")
    ]


def test_a_composition_for_each_option_is_enough() -> None:
    composed: list[tuple[str, ...]] = []

    def compose(point: tuple[str, ...]) -> DictConfig:
        composed.append(point)
        content = dict(text.split("=") for text in point)
        return OmegaConf.create({group: {"name": name} for group, name in content.items()})

    axes = {"delta": "abcd", "dataset": "abcde", "prompt": "abc"}
    points = [
        tuple(f"{group}={name}" for group, name in zip(axes, names, strict=True))
        for names in itertools.product(*axes.values())
    ]
    compositions = Compositions(points[0], compose(points[0]), compose)
    for point in points:
        assert compositions.tree(point) == OmegaConf.create(
            {text.split("=")[0]: {"name": text[-1]} for text in point}
        )
    assert len(composed) == 1 + 3 + 4 + 2


@pytest.mark.parametrize(
    ("overrides", "swept"),
    [
        (["decoding.n=1,2", "delta=a,b"], ["decoding.n"]),
        (["decoding.n=1,2", "decoding={seed:1}"], []),
        (["delta.pairs.0.weight=1,2", "delta.pairs=[]"], []),
        (["delta.pairs.0.weight=1,2", "delta=tiny-s"], ["delta.pairs.0.weight"]),
        (["+decoding.x=1,2", "++decoding.n=1,2", "prompt.stop=[a],[b]"], []),
        (["dataset.name='${prompt.name}',x", "label=a,b"], ["label"]),
    ],
)
def test_which_values_need_no_composition(overrides: list[str], swept: list[str]) -> None:
    sweep = read_sweep(overrides, lambda _: [])
    assert [sweep.first[i].split("=")[0] for i in sweep.values] == swept


def test_parsing_once_is_parsing() -> None:
    texts = ["a=1", "b='x y'", "+c={d: [1]}"]
    assert list(parsed_overrides(texts)) == OverridesParser.create().parse_overrides(texts)


def _words(sweep: str) -> list[str]:
    """CommandArguments split at spaces outside quotes, which stay."""
    lexer = shlex.shlex(sweep, posix=False)
    lexer.whitespace_split = True
    return list(lexer)
