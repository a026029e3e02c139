"""What a real server answered, by the label of the recording."""

import json
from pathlib import Path

from reelworks.core.errors import UnreachableError
from reelworks.core.flow import Reply

FILE = Path(__file__).parents[1] / "sandbox/openencoder/recorded.json"


def recorded(label: str) -> Reply | UnreachableError:
    """The answer as it came; a connection that was closed without one is an error."""
    [found] = [row for row in json.loads(FILE.read_text())["exchanges"] if row["label"] == label]
    if found["status"] is None:
        return UnreachableError(f"{found['method']} {found['path']} went unanswered (ConnectionError)")
    headers = {name.lower(): value for name, value in found["headers"].items()}
    return Reply(found["status"], headers, (found["body"] or "").encode())
