import os
import subprocess
import sys
from pathlib import Path

import pytest

from stack import ROOT
from stack.home import AlreadyRunning, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_home_has_one_owner(home: Home) -> None:
    assert home.owner() is None
    with home.locked():
        assert home.owner() == os.getpid()
        with pytest.raises(AlreadyRunning, match=f"home is already running \\(process {os.getpid()}\\)"), home.locked():
            pass
    assert home.owner() is None


def test_a_killed_owner_leaves_no_lock(home: Home) -> None:
    code = "import os; from pathlib import Path; from stack.home import Home; import sys\n"
    code += "with Home(Path(sys.argv[1])).locked(): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(home.path)], cwd=ROOT)

    assert home.owner() is None
    with home.locked():
        pass


def test_a_status_that_cannot_be_read_is_none(home: Home) -> None:
    assert home.status() == {}
    home.path.mkdir()
    (home.path / "status.json").write_text("{")
    assert home.status() == {}
    home.write_status("ready", airflow="http://127.0.0.1:8080")
    assert home.status() == {"phase": "ready", "airflow": "http://127.0.0.1:8080"}


def test_wiping_keeps_only_the_lock(home: Home) -> None:
    with home.locked():
        (home.path / "airflow/logs").mkdir(parents=True)
        (home.path / "link").symlink_to("airflow")
        home.write_status("ready")

        home.wipe()

        assert [entry.name for entry in home.path.iterdir()] == ["lock"]
