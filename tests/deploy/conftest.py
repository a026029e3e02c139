from pathlib import Path
from typing import Any

import pytest

from stack.dotenv import filled
from tests.deploy.composed import EXAMPLE, resolved, unresolved


@pytest.fixture(scope="session")
def environment_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make secrets` makes where nothing is there."""
    path = tmp_path_factory.mktemp("deploy") / ".env"
    path.write_text(filled(EXAMPLE.read_text())[0])
    return path


@pytest.fixture(scope="session")
def config(environment_file: Path) -> dict[str, Any]:
    """The default: with the sandbox."""
    return resolved(environment_file)


@pytest.fixture(scope="session")
def everything(environment_file: Path) -> dict[str, Any]:
    """Every profile at once."""
    return resolved(environment_file, COMPOSE_PROFILES="sandbox,flower")


@pytest.fixture(scope="session")
def written() -> dict[str, Any]:
    """All profiles, before variables are put in."""
    return unresolved()
