"""Sources for this folder's tests, made once, and small files to be verified."""

from __future__ import annotations

import pytest

from tests.verify.sources import Sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return Sources(tmp_path_factory.mktemp("sources"))
