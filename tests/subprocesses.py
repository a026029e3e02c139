"""Ask a fresh interpreter: what an import pulls in cannot be seen in a process that has imported it all."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def fresh(code: str, **environment: str) -> Any:
    """Run ``code``, which sets ``result``, with plugins/ importable, and return the result."""
    program = f"import json\nresult = None\n{code}\nprint('\\n' + json.dumps(result))"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**inherited, "PYTHONPATH": str(ROOT / "plugins"), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
