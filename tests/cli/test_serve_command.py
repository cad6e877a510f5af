"""`rast-bench serve` refuses in one line, before anything is loaded, what cannot work."""

import pickle
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rast_bench.cli.dispatch import main
from rast_bench.cli.serve import ready_text
from rast_bench.config.paths import ZOO_WEIGHTS_DIR
from rast_bench.engines import vllm_setup
from rast_bench.errors import EngineError
from rast_bench.serving import launch
from rast_bench.serving.launch import ServerSpec, start_error

LOGO = Path(__file__).parents[2] / "docs" / "viewer.png"
TINY = ["--base", "tiny-l", "--delta", "tiny-s", "--port", "0"]


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[ServerSpec]:
    """What the command would serve."""
    specs: list[ServerSpec] = []

    def start(spec: ServerSpec) -> None:
        specs.append(spec)
        raise EngineError("stop here")

    for name in ("RAST_BENCH_API_KEY", "VLLM_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(launch, "ServerProcess", start)
    monkeypatch.setattr(vllm_setup, "find_spec", lambda _name: object())
    monkeypatch.chdir(tmp_path)
    return specs


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--base", "tiny-l"], "error: --delta is missing: method rast reads small models"),
        (["--base", "tiny-ll", "--delta", "tiny-s"], "error: --base tiny-ll: neither an option"),
        (["--base", "./no", "--delta", "tiny-s"], "error: model ./no: no folder no"),
        (["--base", "tiny-l", "--delta", "tinys"], "error: --delta tinys: neither an option nor S"),
        (["--base", "tiny-l", "--delta", "./a:b"], "error: --delta ./a:b: b is neither a folder"),
        ([*TINY, "--lambda", "-1"], "error: argument --lambda: λ must be a finite number ≥ 0, not"),
        (
            ["--base", "tiny-l", "--method", "dola", "--variant", "layer=4"],
            "error: --variant layer=4: layer must be a whole number from -1 to 3, not '4'",
        ),
        (
            ["--base", "tiny-l", "--method", "dola", "delta.shuffle_vocabulary_seed=0"],
            "error: delta.shuffle_vocabulary_seed=0: method dola reads no small model",
        ),
        (
            ["--base", "tiny-l", "--method", "dola", "method.layer=4"],
            "error: method.layer=4: tiny-l has 4 layers, the last of which",
        ),
        ([*TINY, "--method", "dola"], "error: --delta: method dola reads no small model"),
        ([*TINY, "--method", "base"], "error: --method base is one model"),
        ([*TINY, "--method", "mixture", "--lambda", "1"], "error: --lambda: method mixture has no"),
        ([*TINY, "--method", "mixture", "method.weight=2"], "error: method: method.weight=2 must"),
        ([*TINY, "--variant", "lamda=1"], "error: --variant lamda=1: 'lamda' is not a setting of"),
        ([*TINY, "--name", "a@b"], "error: --name a@b: letters, digits"),
        ([*TINY, "--name", "a\n"], "error: --name a"),
        (
            [*TINY, "base_model.base.path=zoo:tiny-m/base"],
            "error: serve takes no base_model.base.",
        ),
        (
            [*TINY, "method.name=mixture"],
            "error: serve takes no method.name=mixture\nhint: ",
        ),
        ([*TINY, "delta.pairs=[]"], "error: serve takes no delta.pairs=[]\nhint: instead of"),
        ([*TINY, "--chat-template", str(LOGO)], f"error: --chat-template {LOGO} cannot be read"),
        ([*TINY, "decoding.lambda=2"], "error: serve takes no decoding.lambda=2\nhint: beside"),
        (
            [*TINY, "engine.max_model_len=9999"],
            "error: engine.max_model_len=9999: model zoo:tiny-l",
        ),
        ([*TINY, "--host", "0.0.0.0"], "error: --host 0.0.0.0 lets other machines in, and no key"),
        ([*TINY, "--host", "no.invalid"], "error: --host no.invalid: no address of this machine"),
        ([*TINY, "--port", "99999"], "error: argument --port: '99999' is no port: 0 to 65535"),
        ([*TINY, "--api-key", ""], "error: --api-key: a key is made of"),
        ([*TINY, "--draft-tokens", "33"], "error: engine.draft_tokens=33: must be"),
        ([*TINY, "--draft-tokens", "two"], "error: argument --draft-tokens: invalid int value"),
        (
            [*TINY, "--draft-tokens", "2", "engine.draft_tokens=3"],
            "error: --draft-tokens and engine.draft_tokens=3 set the same",
        ),
        (
            [*TINY, "--draft-tokens", "2", "--method", "contrastive"],
            "error: --draft-tokens: method contrastive does not read S_RL, which drafts\nhint: ",
        ),
        ([*TINY, "--chat-template", "no"], "error: --chat-template: no file no"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], message: str, started: list[ServerSpec], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, started) == ("", [])
    assert err.startswith(message)
    assert err.count("\n") == 2


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ bos_token }}\n{% for message in messages %}", "line 2: Unexpected end of template."),
        ("{{ messages | shout }}", "line 1: No filter named 'shout'."),
        ("{% generation %}{{ messages }}", "line 1: Unexpected end of template."),
        ("{% break %}", "'break' outside loop"),
        ("{{ f(a=1, a=2) }}", "keyword argument repeated: a"),
        ("{{ " + "(" * 3000, "maximum recursion depth exceeded"),
    ],
)
def test_a_template_that_cannot_be_compiled_is_refused(
    template: str, message: str, started: list[ServerSpec], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("chat.jinja").write_text(template)
    assert main(["serve", *TINY, "--chat-template", "chat.jinja"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: --chat-template chat.jinja: {message}")
    assert (started, err.count("\n")) == ([], 2)


def test_a_template_may_use_what_transformers_adds(started: list[ServerSpec]) -> None:
    template = """{% for message in messages %}{% if not message %}{% continue %}{% endif %}
        {% generation %}{{ message | tojson(ensure_ascii=false) }}{% endgeneration %}
        {% endfor %}{{ strftime_now("%Y") }}{{ raise_exception("no") }}"""
    Path("chat.jinja").write_text(template)
    assert main(["serve", *TINY, "--chat-template", "chat.jinja", "--draft-tokens", "2"]) == 2
    (spec,) = started
    assert (spec.chat_template, spec.key.draft_tokens) == ("chat.jinja", 2)


def test_a_killed_command_leaves_no_folder(started: list[ServerSpec], tmp_path: Path) -> None:
    """Its server's process, here as soon as it has read what to serve."""
    assert main(["serve", *TINY]) == 2
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "rast_bench.serving.process"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    process.communicate(pickle.dumps((started[0], str(folder))))
    assert process.returncode == -signal.SIGKILL
    assert not folder.exists()


def test_models_must_share_their_vocabulary(
    started: list[ServerSpec], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(ZOO_WEIGHTS_DIR / "tiny-xs" / "base", tmp_path / "other")
    file = other / "tokenizer.json"
    file.write_text(file.read_text().replace('"apples"', '"pommes"'))
    assert main(["serve", "--base", "tiny-l", "--delta", f"zoo:tiny-s/rl-0:{other}"]) == 2
    assert f"the tokenizers of zoo:tiny-l/base and {other} differ" in capsys.readouterr().err
    assert not started


def test_a_busy_port_is_refused(
    started: list[ServerSpec], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", *TINY[:-1], str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"error: cannot listen on 127.0.0.1 port {port}: ")
    assert not started


def test_without_vllm_it_says_what_to_install(
    started: list[ServerSpec], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vllm_setup, "find_spec", lambda _name: None)
    assert main(["serve", *TINY]) == 2
    assert "hint: pip install 'rast-bench[vllm]'" in capsys.readouterr().err
    assert not started


def test_what_is_served(
    started: list[ServerSpec], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options and folders, λ and parameters, names and the key reach the server."""
    assert main(["serve", *TINY]) == 2
    pair = "zoo:tiny-s/rl-0:zoo:tiny-s/base"
    monkeypatch.setenv("VLLM_API_KEY", "second")
    monkeypatch.setenv("RAST_BENCH_API_KEY", "first")
    words = ["--base", "zoo:tiny-l/base", "--delta", pair, "--host", "0.0.0.0", "--port", "0"]
    words += ["--method", "dexperts", "--lambda", "0.5", "method.filter_p=0.8", "--name", "mine"]
    words += ["--variant", "lambda=0.123456789,filter_p=0.7", "engine.max_num_seqs=7"]
    assert main(["serve", *words]) == 2
    capsys.readouterr()
    one, other = started
    assert one.key.roles == other.key.roles
    assert one.served.listed == ("tiny-l+tiny-s", "tiny-l+tiny-s@lambda=0")
    assert one.served.defaults == {"rast_lambda": 1.0}
    assert (one.api_key, one.host, one.engine.max_model_len) == (None, "127.0.0.1", 512)
    assert other.served.listed == ("mine", "mine@lambda=0.123456789,filter_p=0.7")
    assert other.served.defaults == {"rast_lambda": 0.5, "rast_filter_p": 0.8}
    assert (other.api_key, other.engine.max_num_seqs) == ("first", 7)
    assert "first" not in ready_text(other)


def test_why_vllm_did_not_start() -> None:
    """The engine's reason is told, not that the server has none."""
    log = """\
(EngineCore pid=7) ERROR 11-29 04:58:31 [core.py:1510] Traceback (most recent call last):
(EngineCore pid=7) ERROR 11-29 04:58:31 [core.py:1510]     raise ModelError(
(EngineCore pid=7) ERROR 11-29 04:58:31 [core.py:1510] rast_bench.errors.ModelError: model a: NaN
(EngineCore pid=7) ERROR 11-29 04:58:31 [core.py:1510] hint: take another
Traceback (most recent call last):
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""
    error = start_error(log.splitlines(), 1)
    assert error.render() == "error: vLLM does not start: model a: NaN\nhint: take another"
    assert "exit code 137" in start_error([], 137).message
