import json

import pytest
from finished_run import Finished
from wandb_server import WandbServer

from rast_bench.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:wandb_workspaces")


def command(finished: Finished, *more: str) -> int:
    words = [word for word in finished.words if not word.startswith("experiment=")]
    return main(["wandb", "report", "small", *words, "--project", "rast", *more])


def test_a_report_is_made_and_updated_in_place(
    finished: Finished, server: WandbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(finished) == 0
    address = capsys.readouterr().out.strip()
    assert address.startswith(f"{server.url}/me/rast/reports/small--")
    ((view_id, view),) = server.views.items()
    spec = json.loads(view["spec"])
    text = json.dumps(spec, ensure_ascii=False)
    assert "rast-bench run experiment=small" in text
    assert "50.0 ± 28.9" in text
    assert "Graders boxed-1 and simplerl-1 disagree" in text  # the notes under our tables
    kinds = {
        panel["viewType"]
        for block in spec["blocks"]
        for panel in block.get("metadata", {}).get("panelBankSectionConfig", {}).get("panels", [])
    }
    assert {"Scatter Plot", "Parallel Coordinates Plot", "Vega2", "Weave", "Run Comparer"} <= kinds
    filters = text.count('"value": "small"')
    assert filters >= 4  # every panel shows this group alone

    assert command(finished) == 0
    assert list(server.views) == [view_id]
    (finished.results / "wandb" / "reports" / "experiment-small.json").unlink()
    assert command(finished) == 0  # found by its title
    assert list(server.views) == [view_id]


def test_without_a_key_it_is_one_error(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(finished) == 2
    assert "error: W&B cannot be used: there is no key" in capsys.readouterr().err
