"""The map of the house in docs/design.md, the tree, and the layers that import-linter checks."""

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rast_bench"


def drawn() -> tuple[list[str], list[str]]:
    """The names of the map: at the top, and below rast_bench/ in their order."""
    page = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    block = page.partition("## Layout")[2].split("```")[1]
    top = re.findall(r"^(\S+)", block, re.M)
    *_, rest = re.findall(r"^\S.*$", block, re.M)  # `scripts/ slurm/ …`
    return [*top, *rest.split()], re.findall(r"^  (\S+)", block, re.M)


def test_everything_in_the_package_is_on_the_map() -> None:
    there = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    there |= {path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}
    _, names = drawn()
    assert len(names) == len(set(names))
    assert set(names) == there


def test_what_the_map_shows_beside_the_package_is_there() -> None:
    top, _ = drawn()
    assert {"run.py", "conf/", "rast_bench/", "docs/"} <= set(top)
    assert [name for name in top if not (ROOT / name).exists()] == []


def test_the_map_is_drawn_in_layers() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = [re.split(r" [|:] ", layer) for layer in contracts[0]["layers"]]
    place = {name: number for number, names in enumerate(layers) for name in names}
    _, names = drawn()
    order = [place[name.removesuffix("/").removesuffix(".py")] for name in names]
    assert order == sorted(order)


def test_test_modules_have_names_of_their_own() -> None:
    """pytest imports them by these alone."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
