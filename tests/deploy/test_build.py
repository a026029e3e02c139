"""What compose builds at a first start and what it pulls; the real compose, with an engine that has nothing."""

import re
from pathlib import Path
from typing import Any

from stack import ROOT
from tests.deploy.composed import compose
from tests.deploy.engine import empty_engine


def test_each_image_is_built_by_one_service_which_all_others_of_it_wait_for(everything: dict[str, Any]) -> None:
    services = everything["services"]
    builders: dict[str, list[str]] = {}
    for name, service in services.items():
        if "build" in service:
            builders.setdefault(service["image"], []).append(name)

    assert [len(names) for names in builders.values()] == [1, 1]
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image, [builder] in builders.items():
        assert services[builder]["build"]["target"] in stages
        for name, service in services.items():
            assert service["image"] != image or name == builder or builder in service["depends_on"], name


def test_a_first_start_builds_what_is_ours_and_pulls_the_rest(environment_file: Path, tmp_path: Path) -> None:
    with empty_engine() as engine:
        said = compose(
            environment_file,
            *("--dry-run", "up", "--build", "--wait"),
            DOCKER_HOST=engine.url.replace("http:", "tcp:"),
            COMPOSE_PROFILES="sandbox,flower",
            HOME=str(tmp_path),
        )

    assert said.returncode == 0, said.stderr
    done = set(re.findall(r"^ *Image (\w[\w-]*):\S+ (Pulling|Built)", said.stdout + said.stderr, re.MULTILINE))
    assert done == {
        *((name, "Pulling") for name in ("postgres", "redis")),
        *((name, "Built") for name in ("reelworks", "reelworks-sandbox")),
    }
    # A registry is asked for nothing of ours, not even in vain.
    asked = {path for path in engine.asked if "/distribution/" in path}
    assert {path.rpartition("/library/")[2].partition(":")[0] for path in asked} == {"postgres", "redis"}
