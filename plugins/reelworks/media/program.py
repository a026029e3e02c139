"""Where the programs are that look at videos."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from reelworks.core.errors import BadInputError


def program(name: str, wheel: str, package: str, pattern: str) -> str:
    """Return the program to run: $REELWORKS_<NAME>, else the wheel's, else the PATH's.

    In the wheel it is what fits ``pattern`` in the folder of ``package``, which is not imported.

    :raises BadInputError: there is none, or the variable names none.
    """
    variable = f"REELWORKS_{name.upper()}"
    if told := os.environ.get(variable):
        if not os.access(told, os.X_OK):
            raise BadInputError(f"{variable} is {told}, which is no program; correct or unset it")
        return told
    found = _in_wheel(package, pattern) or shutil.which(name)
    if found is None:
        raise BadInputError(f"there is no {name}; pip install {wheel}, or set {variable}")
    return found


def _in_wheel(package: str, pattern: str) -> str | None:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for file in sorted(Path(folder).glob(pattern)):
            if os.access(file, os.X_OK):
                return str(file)
    return None
