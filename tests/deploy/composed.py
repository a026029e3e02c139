"""docker-compose.yaml as the real compose reads it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from stack import ROOT

COMPOSE = Path(sys.executable).with_name("docker-compose")
EXAMPLE = ROOT / ".env.example"


def compose(environment_file: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run compose on the project's file with this .env and nothing of the caller's settings."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return subprocess.run(
        [str(COMPOSE), "--project-directory", str(ROOT), "--env-file", str(environment_file), *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def resolved(environment_file: Path, **environment: str) -> dict[str, Any]:
    """Return the configuration with all variables put in."""
    said = compose(environment_file, "config", "--format", "json", **environment)
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def unresolved() -> dict[str, Any]:
    """Return the configuration as it is written, profiles or not, with merges and anchors done."""
    said = compose(EXAMPLE, "config", "--format", "json", "--no-interpolate", COMPOSE_PROFILES="sandbox,flower")
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found
