"""An empty Docker engine, as far as a dry run of compose asks one; its registry has whatever it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.loopback import Handler, Server, answers, serving

PULLED = {
    "Descriptor": {"digest": f"sha256:{0:064}", "mediaType": "application/vnd.oci.image.index.v1+json", "size": 1}
}
HAS = {r"/_ping": b"OK", r"/(containers|images)/json": [], r"/networks": [], r"/volumes": {"Volumes": []}}


def _engine(handler: Handler) -> None:
    path = re.sub(r"^/v[\d.]+(?=/)|\?.*", "", handler.heard.path)
    found: Any = next((body for pattern, body in HAS.items() if re.fullmatch(pattern, path)), None)
    if path.startswith("/distribution/"):
        found = PULLED
    status = 404 if found is None else 200
    answers(found if status == 200 else {"message": "not here"}, status, Api_Version="1.50", Ostype="linux")(handler)


@contextmanager
def empty_engine() -> Iterator[Server]:
    with serving() as server:
        server.act = _engine
        yield server
