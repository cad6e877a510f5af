"""The answer to `--help`, from the names of option files alone: it must not cost an import."""

import re
from collections.abc import Sequence
from pathlib import Path

_GROUPS = {
    "base_model": "M_base, with its RL-trained sibling",
    "delta": "the source of ΔR = S_RL − S_base",
    "method": "auto: rast with a delta, base without",
    "dataset": "the problems",
    "prompt": "how a problem becomes a prompt",
    "decoding": "λ, τ, top-p, repetition penalty, n, max tokens, seed, greedy",
    "engine": "what generates the samples",
    "experiment": "a named set of cells with its own table",
    "tracker": "where the run is shown beside its tables, live and afterwards",
}

_TEMPLATE = """\
usage: {program} [group=option …] [key=value …] [-m] [flags]

Measure how much of a reasoning behaviour transfers at decoding time (RAST, arXiv 2506.15710):
at every step, logits = M_base + λ · (S_RL − S_base). Every finished sample is kept, so repeating
the command computes only what is missing.

examples:
  {program} base_model=tiny-l delta=tiny-s dataset=tiny-hard     one cell
  {program} base_model=tiny-l dataset=tiny-hard decoding=greedy  the base model, greedily
  {program} base_model=tiny-l method=rl dataset=tiny-hard        its RL-trained ceiling
  {program} delta=tiny-s decoding.lambda=0.5 decoding.n=64       single values
  {program} -m delta=tiny-xs,tiny-s dataset=tiny-easy,tiny-hard  a sweep: all combinations
  {program} experiment=demo                                      a named set: a whole table
  {program} experiment=demo experiment.limit=20                  20 problems per set

groups (group=option):
{groups}

most used keys (key=value):
  decoding.lambda, .temperature, .top_p, .n, .max_tokens, .seed   how tokens are drawn
  dataset.limit=N                                                 the first N problems only
  dataset.path=FILE                                               your own .jsonl or .parquet
  engine.dtype, .max_num_seqs, .threads                           speed; more in conf/engine/
  results_dir=DIR   folder of samples and tables (results)
  workers=N         processes that generate (auto)
  grader=NAME       the grader of answers (each data set's own)
  allow_code_execution=true   run programs written by models: docs/code_execution.md
  label=TEXT        the cell's name in the table
  pool=KEY          decoding.seed or delta of a sweep: also mean ± sd over these runs

launchers (hydra/launcher=NAME launcher.key=value, with or without -m): where the cells run, by
default in this process. Site defaults: DIR/hydra/launcher/mysite.yaml with `defaults: [slurm]`, and
--config-dir DIR hydra/launcher=mysite.
{launchers}

`rast-bench plan` takes the same arguments and reports what a run would make, need and cost.

flags:
  -m, --multirun        sweep over comma-separated values, range(0,3), choice(…) or glob(tiny-*)
  --config-dir DIR      your own options beside those above: DIR/dataset/mine.yaml (-cd)
  --results-dir DIR     the same as results_dir=DIR
  --cfg job|hydra|all   print the composed configuration and stop (-c)
    --package KEY       only what lies there (-p)
    --resolve           without interpolations

Tables go to stdout, progress and messages to stderr. Exit code 0: done, 1: a bug, or output that
could not be written, 2: a mistake that the message explains, 130 or 143: interrupted by Ctrl-C or
SIGTERM (nothing finished is lost).
"""


_KEY = re.compile(r"^(?!cluster:)([a-z]\w*):", re.MULTILINE)
_LAUNCHERS = {
    "local": "processes on the GPUs, or the cores, of this machine",
    "slurm": "array jobs of SLURM",
}


def help_text(program: str, config_dir: Path) -> str:
    """Return the whole help for a newcomer, with the options in `config_dir`."""
    groups = "\n".join(
        f"  {group:<11} {meaning}\n{_options(config_dir / group)}"
        for group, meaning in _GROUPS.items()
    )
    launchers = "\n".join(
        f"  {name:<11} {meaning}\n{_keys(config_dir / 'hydra' / 'launcher' / f'{name}.yaml')}"
        for name, meaning in _LAUNCHERS.items()
    )
    return _TEMPLATE.format(program=program, groups=groups, launchers=launchers)


def _options(folder: Path) -> str:
    return _wrapped(sorted(path.stem for path in folder.glob("*.yaml")))


def _keys(file: Path) -> str:
    """Return the keys of a launcher. Its file is simple enough to be read without a parser."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return _wrapped(_KEY.findall(text))


def _wrapped(names: Sequence[str], *, width: int = 96) -> str:
    indent = " " * 14
    lines = [indent]
    for name in names:
        if len(lines[-1]) + len(name) + 1 > width:
            lines.append(indent)
        lines[-1] += f"{name} "
    return "\n".join(line.rstrip() for line in lines)
