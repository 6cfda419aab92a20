"""The Makefile sets itself up: with which Python, when anew, and what an interruption leaves behind."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Stands in for a Python: `suitable` is what it says of itself, and the environment it makes only takes notes.
PYTHON = """#!/bin/sh
case "$1 $2" in
  -c*) exit {suitable} ;;
  "-V ") echo "Python from {name}" ;;
  "-m venv") mkdir -p .venv/bin && cp "$0.environment" .venv/bin/python ;;
esac
"""
ENVIRONMENT = """#!/bin/sh
case "$*" in
  "-m pip --version") exit 0 ;;
  "-m pip install"*) echo "$*" >> ../installed; [ ! -e ../broken ] ;;
  -c*) exit 0 ;;
  *) echo "ran $*" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the Makefile and locks, and a PATH on which no Python is yet."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", *LOCKS):
        shutil.copy(TOP / name, folder)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh", "env", "cksum", "cut", "mkdir", "cp", "rm", "touch", "sed", "expand", "find"):
        (tools / name).symlink_to(shutil.which(name))
    return folder


def python(checkout, name, *, suitable=True):
    for path, text in [
        (name, PYTHON.format(name=name, suitable=int(not suitable))),
        (f"{name}.environment", ENVIRONMENT),
    ]:
        file = checkout.parent / "bin" / path
        file.write_text(text)
        file.chmod(0o755)


def make(checkout, *arguments):
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={"PATH": str(checkout.parent / "bin"), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


def installed(checkout):
    notes = checkout.parent / "installed"
    return [line.split()[-1] for line in notes.read_text().splitlines()] if notes.exists() else []


def test_without_a_suitable_python_one_line_says_what_is_needed(checkout):
    python(checkout, "python3", suitable=False)
    ran = make(checkout, "run")
    assert ran.returncode != 0
    said = [line for line in ran.stderr.splitlines() if not line.startswith("make")]
    assert said == [
        "Python 3.11 or newer with venv and ensurepip is needed (Debian, Ubuntu: apt install python3-venv)."
    ]
    assert not (checkout / ".venv").exists()


def test_the_first_suitable_python_is_taken(checkout):
    python(checkout, "python3", suitable=False)
    python(checkout, "python3.13", suitable=False)
    python(checkout, "python3.12")
    python(checkout, "python3.11")
    assert "Making .venv with Python from python3.12 ..." in make(checkout, "run").stdout


def test_run_installs_the_runtime_lock_once(checkout):
    python(checkout, "python3")
    assert "ran manage.py run --port 8123" in make(checkout, "run", "PORT=8123").stdout
    assert "ran manage.py run --port 8000" in make(checkout, "run").stdout
    assert installed(checkout) == ["requirements.lock"]
    assert "--require-hashes --only-binary :all:" in (checkout.parent / "installed").read_text()


def test_the_development_lock_serves_run_as_well(checkout):
    python(checkout, "python3")
    make(checkout, "demo")
    make(checkout, "run")
    assert installed(checkout) == ["requirements-dev.lock"]


def test_run_does_not_serve_development(checkout):
    python(checkout, "python3")
    make(checkout, "run")
    make(checkout, "demo")
    assert installed(checkout) == ["requirements.lock", "requirements-dev.lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_changed_lock_is_installed_anew(checkout, lock):
    python(checkout, "python3")
    make(checkout, "demo")
    with (checkout / lock).open("a") as file:
        file.write("# changed\n")
    make(checkout, "run" if lock == "requirements.lock" else "demo")
    assert installed(checkout) == ["requirements-dev.lock", lock]


def test_an_interrupted_installation_leaves_no_stamp(checkout):
    python(checkout, "python3")
    broken = checkout.parent / "broken"
    broken.touch()
    assert make(checkout, "run").returncode != 0
    assert list((checkout / ".venv").glob(".installed-*")) == []
    broken.unlink()
    assert "ran manage.py run" in make(checkout, "run").stdout


def test_the_demo_is_shown_only_when_it_was_played(checkout):
    python(checkout, "python3")
    ran = make(checkout, "run", "DEMO=1")
    assert ran.returncode != 0
    assert "There is no demo yet. Play it first: make demo" in ran.stderr
    assert "ran manage.py run" not in ran.stdout
    (checkout / "var" / "demo").mkdir(parents=True)
    (checkout / "var" / "demo" / "made-by-demo").touch()
    assert "ran manage.py run" in make(checkout, "run", "DEMO=1").stdout


def test_help_names_every_target_that_people_call(checkout):
    said = make(checkout).stdout
    for target in ("run", "test", "demo", "check", "bench", "lock", "fmt", "clean"):
        assert f"make {target} " in said


def test_the_development_lock_contains_the_runtime_lock():
    """Else one .venv could not serve both."""
    runtime, development = ((TOP / lock).read_text() for lock in LOCKS)
    for line in runtime.splitlines():
        if "==" in line:
            assert line in development


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host(lock):
    text = (TOP / lock).read_text()
    assert "://" not in text
    assert "--hash=sha256:" in text
