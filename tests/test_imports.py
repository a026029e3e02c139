"""What an import costs, and what Airflow's plugin scanner may see of us."""

import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import reelworks
from tests.subprocesses import ROOT, fresh

WITHOUT_AIRFLOW = ("flow", "session", "errors", "jobs", "presets", "redact", "claim", "transport")
LIGHT = "[name for name in ('airflow', 'boto3', 'botocore', 'pandas', 'requests', 'httpx') if name in sys.modules]"
HEAVY = "[name for name in ('boto3', 'botocore', 'pandas', 'numpy') if name in sys.modules]"


def test_every_module_can_be_imported() -> None:
    names = [module.name for module in pkgutil.walk_packages(reelworks.__path__, "reelworks.")]

    assert "reelworks.core.flow" in names
    for name in names:
        importlib.import_module(name)


@pytest.mark.parametrize("module", WITHOUT_AIRFLOW)
def test_the_core_of_the_core_needs_neither_airflow_nor_an_http_library(module) -> None:
    assert fresh(f"import sys\nimport reelworks.core.{module}\nresult = {LIGHT}") == []


def test_bytenites_language_needs_no_airflow_either() -> None:
    assert fresh(f"import sys\nimport reelworks.bytenite.api, reelworks.bytenite.jobs\nresult = {LIGHT}") == []


def test_a_dag_file_pays_for_no_aws_library(tmp_path) -> None:
    """Each task process parses its DAG file: what Airflow alone does not load, our operators must not."""
    found = fresh(
        f"""
import sys
import airflow.sdk
before = {HEAVY}
import reelworks.bytenite.operators, reelworks.bytenite.sensors, reelworks.core.trigger
result = [name for name in {HEAVY} if name not in before]
""",
        AIRFLOW_HOME=str(tmp_path),
    )

    assert found == []


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern")  # Airflow's own use of it
def test_the_plugin_scanner_is_kept_out_of_the_package() -> None:
    from airflow._shared.module_loading import find_path_from_directory

    plugins = ROOT / "plugins"
    seen = {Path(path) for path in find_path_from_directory(str(plugins), ".airflowignore", "glob")}

    assert not [path for path in seen if path.is_relative_to(plugins / "reelworks")]
    assert {path for path in seen if path.suffix == ".py"} == {*plugins.glob("*.py")}


def test_airflow_loads_the_plugins_and_no_module_twice(tmp_path) -> None:
    found = fresh(
        """
import sys
from airflow import plugins_manager
plugins, errors = plugins_manager._get_plugins()
result = {
    "errors": {source: error for source, error in errors.items() if "reelworks" in source},
    "ours": sorted(
        name for name, module in sys.modules.items()
        if "/plugins/reelworks/" in (getattr(module, "__file__", None) or "") and not name.startswith("reelworks")
    ),
}
""",
        AIRFLOW_HOME=str(tmp_path),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
    )

    assert found == {"errors": {}, "ours": []}


def test_no_module_of_ours_is_named_like_one_of_pythons() -> None:
    names = {path.stem for path in (ROOT / "plugins").glob("*.py")} | {
        path.name for path in (ROOT / "plugins").iterdir() if path.is_dir()
    }

    assert not names & sys.stdlib_module_names
