"""DAG files import presets and media, so neither may bring in boto3 or the amazon provider."""

import subprocess
import sys
from pathlib import Path

MODULES = ["core.presets", "bytenite.presets"]
MODULES += [f"media.{name}" for name in ("s3", "transfer", "probe", "checks", "manifest")]


def test_importing_us_imports_neither_boto3_nor_airflow() -> None:
    imports = "; ".join(f"import reelworks.{module}" for module in MODULES)
    heavy = "[m for m in ('boto3', 'botocore', 'airflow', 'requests', 'urllib3') if m in sys.modules]"
    code = f"import sys; {imports}; print({heavy})"
    root = Path(__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=root / "plugins", capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
