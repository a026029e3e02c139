import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stack import ROOT

PARTS = ["Makefile", "pyproject.toml", "requirements-dev.txt", "requirements-sample.txt", "stack/setup.sh"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder with spaces"
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / part, folder / part)
    return folder


def make(project: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHON", "MAKEFLAGS", "MAKELEVEL")}
    environment["PATH"] = path or environment["PATH"]
    return subprocess.run(["make", *arguments], cwd=project, env=environment, capture_output=True, text=True)


def programs(folder: Path, **scripts: str) -> str:
    """A PATH of small stand-ins for Python, and of the real shell's tools."""
    folder.mkdir()
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    for tool in ("sh", "make", "awk", "cat", "cksum", "dirname", "rm"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return str(folder)


def test_make_alone_says_what_there_is(project: Path) -> None:
    answer = make(project)

    assert answer.returncode == 0
    assert "make demo" in answer.stdout
    assert "make test" in answer.stdout
    assert not (project / ".venv").exists()


def test_nothing_to_stop_is_no_failure_before_the_set_up(project: Path) -> None:
    assert make(project, "down").returncode == 0


def test_a_python_that_is_too_old_is_one_clear_line(project: Path, tmp_path: Path) -> None:
    old = 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac'
    answer = make(project, "setup", path=programs(tmp_path / "bin", python3=old))

    assert answer.returncode != 0
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("setup:")]
    assert "needs Python 3.11, 3.12 or 3.13, found Python 3.9.2" in line
    assert "make setup PYTHON=" in line


def test_a_named_python_that_does_not_run_is_named(project: Path) -> None:
    answer = make(project, "setup", "PYTHON=/nowhere/python3.12")

    assert answer.returncode != 0
    assert "PYTHON=/nowhere/python3.12 does not run" in answer.stderr


def test_a_python_without_ensurepip_gets_the_package_named(project: Path, tmp_path: Path) -> None:
    bare = f'case "$2" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"'
    answer = make(project, "setup", path=programs(tmp_path / "bin", **{"python3.12": bare}))

    assert answer.returncode != 0
    assert "apt install python3-venv" in answer.stderr


def stand_in(project: Path, tmp_path: Path) -> str:
    """A PATH on which uv and Python only note that they were called."""
    uv = """case "$1" in
      venv) for last; do :; done; mkdir -p "$last/bin"; ln -s "$(command -v python3.12)" "$last/bin/python";;
      *) echo "$@" >>calls; [ ! -e broken ];;
    esac"""
    python = f'exec "{sys.executable}" "$@"'
    path = programs(tmp_path / "bin", **{"uv": uv, "python3.12": python})
    for tool in ("mkdir", "ln"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return path


def test_a_set_up_is_done_once_and_again_when_a_lock_changes(project: Path, tmp_path: Path) -> None:
    path = stand_in(project, tmp_path)

    def calls_of_setup() -> int:
        (project / "calls").unlink(missing_ok=True)
        answer = make(project, "setup", path=path)
        assert answer.returncode == 0, answer.stderr
        return len((project / "calls").read_text().splitlines()) if (project / "calls").exists() else 0

    assert calls_of_setup() == 2
    assert calls_of_setup() == 0
    with (project / "requirements-dev.txt").open("a") as lock:
        lock.write("# changed\n")
    assert calls_of_setup() == 2
    assert calls_of_setup() == 0


def test_an_interrupted_set_up_is_taken_up_again(project: Path, tmp_path: Path) -> None:
    path = stand_in(project, tmp_path)
    (project / "broken").touch()
    assert make(project, "setup", path=path).returncode != 0
    (project / "broken").unlink()

    assert make(project, "setup", path=path).returncode == 0
    assert (project / "calls").exists()
