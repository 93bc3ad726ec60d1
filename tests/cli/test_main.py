"""The command without a daemon: help, versions, wrong usage, signals, start-up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.api import Info
from runner.cli import main
from runner.cli.info import as_text

# Importing one of these costs more than it may at each start; they are imported where they are needed.
HEAVY = (
    "argparse",
    "asyncio",
    "concurrent.futures",
    "cryptography",
    "dataclasses",
    "docker",
    "google.protobuf",
    "importlib.metadata",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "requests",
    "shutil",
    "ssl",
    "subprocess",
    "tempfile",
    "tomllib",
    "urllib.parse",
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty directory to work in; the test's signal handlers are put back."""
    for name in ("BUILDKIT_HOST", "BUILDKIT_PROGRESS", "BUILDKIT_RUNNER_REGISTRIES", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, handler in before.items():
        signal.signal(number, handler)


class Said:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("help",),
        ("help", "build"),
        ("build", "--help"),
        ("build", ".", "-h"),
        ("info", "-h"),
        ("du", "-h"),
        ("prune", "-h"),
    ],
)
def test_help_goes_to_stdout(said: Said, words: tuple[str, ...]) -> None:
    code, out, err = said(*words)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: buildkit-runner ")
    assert "\nExamples:\n" in out
    assert max(map(len, out.splitlines())) <= 110


def test_every_flag_has_its_line_in_the_reference(said: Said) -> None:
    docs = Path(__file__).parent.parent.parent / "docs"
    reference = (docs / "build.md").read_text() + (docs / "disk.md").read_text()
    for command in ("build", "info", "du", "prune"):
        _, out, _ = said(command, "--help")
        flags = re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", out, re.MULTILINE)
        assert flags
        assert not [flag for flag in flags if f"`{flag}" not in reference]


def test_no_words_at_all_are_a_wrong_usage(said: Said) -> None:
    code, out, err = said()
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no command\n")


def test_version(said: Said) -> None:
    code, out, err = said("--version")
    assert (code, err) == (0, "")
    assert re.fullmatch(r"buildkit-runner \d+\.\d+\.\d+\n", out)


WRONG = {
    "bulid .": "error: unknown command 'bulid'\nDid you mean build?\n",
    "prnue": "error: unknown command 'prnue'\nDid you mean prune?\n",
    "build": "error: build: there is no CONTEXT\n",
    "build . .": "error: build: unexpected '.'\n",
    "build --pusch .": "error: build: unknown flag --pusch\nDid you mean --push?\n",
    "build --cache aut .": "error: reading --cache 'aut': unknown kind 'aut'\nDid you mean auto?\n",
    "build -t h.io/a --cache auto .": "error: --cache auto: the cache belongs to the pushed image, and",
    "build none": "error: reading the context 'none': there is no such directory\n",
    "build .": "error: reading the Dockerfile",
    "build -f none .": "error: reading the Dockerfile",
    "build --target \udcff .": "error: reading --target: '\\udcff' is not valid UTF-8\nWrite it in",
    "build --build-arg SOURCE_DATE_EPOCH=abc .": "error: reading SOURCE_DATE_EPOCH 'abc': it is not a number",
    "build -t App .": "error: reading the image reference 'App': the repository's name has upper",
    "build --push .": "error: pushing the image: it has no name\nName it with -t HOST/REPOSITORY:TAG.\n",
    "build -o type=image,pusch=true .": "error: reading --output 'type=image,pusch=true': unknown attribute",
    "build -o out .": "error: reading --output 'out': not supported yet by this version: type=local\n",
    "build --platform linux/amd46 .": "error: reading the platform 'linux/amd46': 'amd46' is neither",
    "build --secret id=x,src=none .": "error: reading the secret 'x': ",
    "build --timeout soon .": "error: reading the duration 'soon': it is not one\nSuch as 90s, ",
    "build --progress nice .": "error: --progress nice: there is no such display\n",
    "build -q --progress plain .": "error: --progress plain and --quiet cannot be used together\n",
    "build --iidfile iid .": "error: writing iid: no image is made that has an ID\nName one with -t.\n",
    "build -t a --iidfile none/iid .": "error: writing none/iid: there is no directory ",
    "build --metadata-file . .": "error: writing .: Is a directory\n",
    "build --addr ftp://x .": "error: the daemon's address 'ftp://x' ",
    "build --daemon maybe .": "error: build: --daemon must be auto or join or own, not 'maybe'\n",
    "build --addr tcp://h:1 --tlsdir none .": "error: reading --tlsdir none: there is no ca.pem or ca.crt",
    "build --tlsdir a --tlskey b .": "error: --tlsdir and --tlscacert, --tlscert, --tlskey: give one",
    "build --insecure-registry http://h .": "error: --insecure-registry: 'http://h' is not",
    "build --cache-size big .": "error: reading --cache-size 'big': it is not a size\nSuch as 512mb or ",
    "build --cache-size 0 .": "error: limiting the cache to 0 bytes: it must be more\nSuch as 10gb.\n",
    "build --cache-size 1gb --daemon join .": "error: limiting the cache of the daemon at unix:///run/",
    "du x": "error: du: unexpected 'x'\n",
    "du --verbose --format json": "error: du: --verbose and --format cannot be used together\n",
    "du --filter tpye=regular": "error: reading --filter 'tpye=regular': unknown key 'tpye'\nDid you mean",
    "prune x": "error: prune: unexpected 'x'\n",
    "prune --max-used-space much": "error: reading --max-used-space 'much': it is not a size\n",
    "prune --keep-storage much": "error: reading --keep-storage 'much': it is not a size\n",
    "prune --filter type=all": "error: reading --filter 'type=all': there is no type 'all'\n",
    "info x": "error: info: unexpected 'x'\n",
    "info --format yaml": "error: info: --format must be text or json, not 'yaml'\n",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_refused_in_two_lines(said: Said, surroundings: Path, line: str) -> None:
    if "Dockerfile" not in WRONG[line]:
        (surroundings / "Dockerfile").write_text("FROM scratch\n")
    code, out, err = said(*line.split())
    assert (code, out) == (2, "")
    assert err.startswith(WRONG[line])
    assert err.count("\n") <= 2, err


def test_the_environment_may_choose_the_display(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDKIT_PROGRESS", "nice")
    assert said("build", ".")[2].startswith("error: --progress nice")


def test_the_environment_may_give_the_platforms(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/one")
    assert "linux/one" in said("build", ".")[2]
    assert "linux/two" in said("build", "--platform", "linux/two", ".")[2]


def test_a_context_is_refused_before_files_are_touched(said: Said, surroundings: Path) -> None:
    (surroundings / "iid").write_text("old")
    assert said("build", "-t", "A", "--iidfile", "iid", ".")[0] == 2
    assert (surroundings / "iid").read_text() == "old"


def test_nobody_listens(said: Said, surroundings: Path) -> None:
    (surroundings / "Dockerfile").write_text("FROM scratch\n")
    code, out, err = said("build", "--addr", f"unix://{surroundings}/no.sock", "--daemon", "join", ".")
    assert (code, out) == (75, "")
    assert re.search(r"^error: .*no\.sock", err, re.MULTILINE)


def test_a_daemon_without_a_revision_has_no_place_for_one() -> None:
    assert as_text(Info("v0.32.2", "", ())) == "BuildKit   v0.32.2"
    assert as_text(Info("v0.32.2", "abc", ())) == "BuildKit   v0.32.2 abc"


def test_an_unexpected_exception_is_told_without_a_traceback(
    said: Said, monkeypatch: pytest.MonkeyPatch, surroundings: Path
) -> None:
    (surroundings / "config.json").write_text("{}")
    monkeypatch.setattr("runner.cli.info.RegistrySettings", lambda: 1 / 0)
    code, out, err = said("info")
    assert (code, out) == (1, "")
    assert err == (
        "error: internal error: ZeroDivisionError: division by zero\n"
        "Please report this, with what BUILDKIT_RUNNER_DEBUG=1 shows.\n"
    )
    monkeypatch.setenv("BUILDKIT_RUNNER_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["info"])


def run(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=20, check=False
    )


def run_shell(line: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """Run a shell's line, in which $RUNNER is the command."""
    return subprocess.run(
        ["sh", "-c", line],
        env={**os.environ, "RUNNER": f"{sys.executable} -m runner"},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=20,
        check=False,
    )


def shell(line: str, stdout: int = subprocess.PIPE) -> tuple[int, str]:
    """The exit code and stderr of such a line."""
    done = run_shell(line, stdout)
    return done.returncode, done.stderr


def test_a_stdout_that_takes_nothing_is_told() -> None:
    doing = "error: writing the result to stdout"
    assert shell("$RUNNER --help >/dev/full") == (1, f"{doing}: No space left on device\n")
    read, write = os.pipe()
    os.close(read)
    assert shell("$RUNNER --help", write) == (1, f"{doing}: Broken pipe\n")
    os.close(write)


def test_a_closed_stdout_is_told_too() -> None:
    assert shell("$RUNNER --help >&-") == (1, "error: writing the result to stdout: it is closed\n")


def test_a_closed_stderr_changes_no_exit_code_and_leaves_stdout_empty() -> None:
    for closed in ("2>&-", "2>/dev/full"):
        done = run_shell(f"$RUNNER build --pusch . {closed}")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


SIGNALLED = """
import os, signal, sys, threading, runner.cli, runner.cli.info
def wait():
    try:
        os.kill(os.getpid(), {first})
        threading.Event().wait(10)
    finally:
        {then}
runner.cli.info.RegistrySettings = wait
sys.exit(runner.cli.main(["info"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_and_a_second_one_ends_at_once(number: int, code: int) -> None:
    done = run(SIGNALLED.format(first=int(number), then="pass"))
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "error: cancelled\n")
    again = "os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait(10)"
    done = run(SIGNALLED.format(first=int(number), then=again))
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")


def test_a_build_imports_nothing_heavy() -> None:
    modules = (
        "runner.cli.build, runner.client, runner.solve, runner.work, runner.context.local,"
        "runner.daemon.rule, runner.progress.plain"
    )
    done = run(f"import sys, {modules}; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert not [name for name in HEAVY if name in done.stdout.split()]


def test_the_package_itself_imports_next_to_nothing() -> None:
    done = run("import sys, runner; print(*(name for name in sys.modules if name.startswith('runner')))")
    assert set(done.stdout.split()) == {"runner", "runner.errors"}


def test_every_public_name_is_there() -> None:
    import runner

    assert sorted(runner.__all__) == dir(runner)
    for name in runner.__all__:
        assert getattr(runner, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Cleint'"):
        _ = runner.Cleint  # type: ignore[attr-defined]
