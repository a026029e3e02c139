"""What docker-compose.yaml promises, read by the real compose."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.cli.cli_parser import get_parser

from reelworks.settings import TABLE
from sandbox.options import parse
from stack import ROOT
from stack.deployed import SETTINGS
from stack.dotenv import MADE, read
from stack.settings import POOLS, airflow_environment
from tests.deploy.composed import EXAMPLE, compose, resolved
from tests.deploy.options import unknown

STAYING = {"postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}
DEFAULT = {*STAYING, "init", "sandbox"}
OF_AIRFLOW = {"init", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "flower"}
Config = dict[str, Any]


def services(config: Config) -> dict[str, Config]:
    return dict(config["services"])


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        (None, DEFAULT),
        ("", DEFAULT - {"sandbox"}),
        ("flower", DEFAULT - {"sandbox"} | {"flower"}),
        ("sandbox,flower", DEFAULT | {"flower"}),
    ],
)
def test_the_profiles_choose_the_services(environment_file: Path, profiles: str | None, expected: set[str]) -> None:
    chosen = {} if profiles is None else {"COMPOSE_PROFILES": profiles}

    assert set(services(resolved(environment_file, **chosen))) == expected


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith("SANDBOX_")])
def test_a_secret_that_is_missing_is_named_with_the_remedy(environment_file: Path, tmp_path: Path, name: str) -> None:
    env = tmp_path / ".env"
    env.write_text(re.sub(rf"^{name}=.*$", "", environment_file.read_text(), flags=re.MULTILINE))

    said = compose(env, "config", "--quiet")

    assert said.returncode != 0
    assert f"required variable {name} is missing a value: run make secrets" in said.stderr


def test_every_service_that_stays_has_a_health_check(everything: Config) -> None:
    for name, service in services(everything).items():
        health = service["healthcheck"]
        if name == "init":
            assert health == {"disable": True}
            continue
        assert health["test"][0] in ("CMD", "CMD-SHELL"), name
        assert {"interval", "timeout", "retries", "start_period"} <= set(health), name


def test_every_service_says_what_happens_when_it_ends(everything: Config) -> None:
    for name, service in services(everything).items():
        assert service["restart"] == ("no" if name == "init" else "unless-stopped"), name


def test_every_service_has_limits(everything: Config) -> None:
    for name, service in services(everything).items():
        limits = service["deploy"]["resources"]["limits"]
        assert 0 < float(limits["cpus"]) <= 2, name
        assert 2**27 < int(limits["memory"]) <= 2**32, name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


def test_no_service_is_root_or_can_become_it(everything: Config) -> None:
    for name, service in services(everything).items():
        assert service["user"] in ("50000:0", "postgres", "redis"), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name


def test_images_are_pinned_by_version(everything: Config) -> None:
    tags = {service["image"].partition(":")[2] for service in services(everything).values()}
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    for tag in [*tags, bases[0].partition(":")[2]]:
        assert re.search(r"\d+\.\d+\.\d+|\d+\.\d+-", tag), tag
    assert set(bases[1:]) == {"airflow"}


def test_the_images_carry_the_version_of_the_lock_and_of_the_package(everything: Config) -> None:
    [airflow] = re.findall(r"^apache-airflow==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert f"apache/airflow:slim-{airflow}-python3" in (ROOT / "Dockerfile").read_text()
    assert {services(everything)[name]["image"] for name in OF_AIRFLOW} == {f"reelworks:{ours}-airflow{airflow}"}
    assert services(everything)["sandbox"]["image"] == f"reelworks-sandbox:{ours}"


def test_only_the_api_server_is_reached_from_outside_and_only_from_this_machine(
    everything: Config,
) -> None:
    published = {name: service["ports"] for name, service in services(everything).items() if service.get("ports")}
    assert list(published) == ["api-server"]
    assert [(port["host_ip"], port["published"]) for port in published["api-server"]] == [("127.0.0.1", "8080")]


def test_flowers_port_is_published_by_the_lines_of_the_manual(environment_file: Path, tmp_path: Path) -> None:
    [lines] = re.findall(r"```yaml\n(services:.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL)
    override = tmp_path / "docker-compose.override.yaml"
    override.write_text(lines)

    said = compose(
        environment_file,
        *("--file", str(ROOT / "docker-compose.yaml"), "--file", str(override), "config", "--format", "json"),
        COMPOSE_PROFILES="flower",
    )

    assert said.returncode == 0, said.stderr
    flower = json.loads(said.stdout)["services"]["flower"]
    assert [(port["host_ip"], port["published"], port["target"]) for port in flower["ports"]] == [
        ("127.0.0.1", "5555", 5555)
    ]
    assert f":{flower['ports'][0]['target']}/" in flower["healthcheck"]["test"][-1]


def test_workers_and_triggerers_can_be_several(config: Config, environment_file: Path) -> None:
    for name in ("worker", "triggerer"):
        service = services(config)[name]
        assert not {"container_name", "hostname", "ports"} & set(service), name
        assert service["networks"] == {"default": None}, name

    more = services(resolved(environment_file, WORKERS="3", PARALLELISM="12", TRIGGERERS="2"))
    assert more["worker"]["deploy"]["replicas"] == 3
    assert more["worker"]["environment"]["AIRFLOW__CORE__PARALLELISM"] == "12"
    assert more["triggerer"]["deploy"]["replicas"] == 2


def test_no_more_tasks_are_sent_than_the_workers_have_slots(config: Config) -> None:
    worker = services(config)["worker"]

    slots = worker["deploy"]["replicas"] * int(worker["environment"]["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
    assert int(worker["environment"]["AIRFLOW__CORE__PARALLELISM"]) == slots


def test_code_is_mounted_where_it_is_needed_and_cannot_be_changed_there(everything: Config) -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker"):
        mounts = {mount["target"]: mount for mount in services(everything)[name]["volumes"]}
        for folder in ("dags", "plugins", "include"):
            mount = mounts[f"/opt/airflow/{folder}"]
            assert (mount["type"], mount["source"]) == ("bind", str(ROOT / folder)), name
            assert mount["read_only"], name
    binds = [mount for service in services(everything).values() for mount in service.get("volumes", [])]
    assert all(mount.get("read_only") for mount in binds if mount["type"] == "bind")


def test_what_must_last_lies_on_named_volumes(everything: Config) -> None:
    volumes = {
        (name, mount["target"]): mount["source"]
        for name, service in services(everything).items()
        for mount in service.get("volumes", [])
        if mount["type"] == "volume"
    }

    assert volumes["postgres", "/var/lib/postgresql/data"] == "database"
    assert volumes["redis", "/data"] == "queue"
    assert volumes["sandbox", "/opt/airflow/state"] == "sandbox"
    for name in ("worker", "triggerer", "api-server"):
        assert volumes[name, "/opt/airflow/logs"] == "logs"
    # Passwords in plain text: who writes them and who checks them, nobody else.
    assert {name for name, _ in (key for key, source in volumes.items() if source == "auth")} == {"init", "api-server"}
    assert set(volumes.values()) == set(everything["volumes"])


def test_things_start_in_order_of_health(everything: Config) -> None:
    def needs(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in services(everything)[name].get("depends_on", {}).items()}

    healthy, done = "service_healthy", "service_completed_successfully"
    assert needs("init") == {"postgres": healthy}
    for name in OF_AIRFLOW - {"init", "worker", "flower"}:
        assert needs(name) == {"postgres": healthy, "redis": healthy, "init": done}, name
    assert needs("flower") == {"redis": healthy, "init": done}
    assert needs("worker") == needs("scheduler") | {"api-server": healthy, "sandbox": healthy}
    assert not services(everything)["worker"]["depends_on"]["sandbox"]["required"]  # there may be none


def test_no_secret_stands_in_the_file(written: Config, environment_file: Path) -> None:
    secret = re.compile(
        "password|secret|fernet|access_key|api_key|broker_url|sql_alchemy|basic_auth|_auth$", re.IGNORECASE
    )
    names_only = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"}
    seen = set()
    for service in services(written).values():
        for name, value in service.get("environment", {}).items():
            if secret.search(name) and name not in names_only:
                seen.add(name)
                # Nothing (it is passed on from .env), or a variable that has to be set.
                assert value is None or re.search(r"\$\{\w+:\?run make secrets\}", value), name
    assert len(seen) > 10
    text = (ROOT / "docker-compose.yaml").read_text() + EXAMPLE.read_text() + (ROOT / "Dockerfile").read_text()
    assert not [value for name, value in read(environment_file.read_text()).items() if name in MADE and value in text]


def test_a_secret_is_on_no_command_line(everything: Config, environment_file: Path) -> None:
    env = read(environment_file.read_text())
    secrets = [env[name] for name in MADE]
    for name, service in services(everything).items():
        spoken = json.dumps([service.get("command"), service.get("entrypoint"), service.get("healthcheck")])
        assert not [secret for secret in secrets if secret in spoken], name


def test_who_needs_no_secret_has_none(everything: Config, environment_file: Path) -> None:
    env = read(environment_file.read_text())

    def holders(secret: str) -> set[str]:
        told = {name: json.dumps(service.get("environment", {})) for name, service in services(everything).items()}
        return {name for name, text in told.items() if env[secret] in text}

    assert holders("ADMIN_PASSWORD") == {"init", "flower"}
    assert holders("JWT_SECRET") == {"api-server", "scheduler"}
    assert holders("FERNET_KEY") == holders("API_SECRET_KEY") == OF_AIRFLOW - {"flower"}
    assert holders("POSTGRES_PASSWORD") == OF_AIRFLOW - {"flower"} | {"postgres"}
    assert holders("REDIS_PASSWORD") == OF_AIRFLOW | {"redis"}
    assert holders("SANDBOX_BYTENITE_API_KEY") == {"sandbox", "api-server", "triggerer", "worker"}


def test_flower_is_told_of_the_broker_and_of_nothing_else(written: Config) -> None:
    flower = services(written)["flower"]

    names = {name for name in flower["environment"] if name.startswith(("AIRFLOW", "REELWORKS"))}
    assert names == {"AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__FLOWER_BASIC_AUTH"}
    for what in ("env_file", "volumes"):
        assert services(written)["worker"][what]
        assert not flower.get(what)


def test_the_settings_are_those_of_the_cluster(config: Config) -> None:
    ours = {f"AIRFLOW__{key}": str(value) for key, value in SETTINGS.items()}
    for name in OF_AIRFLOW - {"flower"}:
        environment = services(config)[name]["environment"]
        assert {key: environment.get(key) for key in ours} == ours, name


def test_the_settings_are_those_of_make_up_where_both_say_something(config: Config, tmp_path: Path) -> None:
    alone = airflow_environment(tmp_path, 8080, {})
    places = ("__HOST", "__PORT", "_URL", "_CONN", "_FOLDER", "_KEY", "_SECRET")
    # SQLite bears no more tasks at once, and there everyone is an admin.
    differ = {"AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__PARALLELISM", "AIRFLOW__CORE__TEST_CONNECTION"}

    environment = services(config)["worker"]["environment"]
    both = {key for key in environment if key in alone and not key.endswith(places)} - differ

    assert {key: environment[key] for key in both} == {key: alone[key] for key in both}
    assert len(both) >= 4


def test_a_password_is_asked_for_and_connections_are_not_tested(config: Config) -> None:
    environment = services(config)["api-server"]["environment"]

    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in environment
    assert environment["AIRFLOW__CORE__TEST_CONNECTION"] == "Disabled"


def test_every_setting_is_an_option_of_this_airflow(written: Config, tmp_path: Path) -> None:
    composed = {name for service in services(written).values() for name in service.get("environment", {})}
    clustered = {f"AIRFLOW__{key}" for key in SETTINGS}
    alone = airflow_environment(tmp_path, 8080, {})
    settings = {name for name in composed | clustered | {*alone} if name.startswith("AIRFLOW__")}

    assert len(settings) > 40
    assert unknown(tuple(name.removeprefix("AIRFLOW__").lower().split("__", 1)) for name in settings) == []


def test_every_setting_of_ours_is_passed_on(config: Config) -> None:
    for name in OF_AIRFLOW - {"flower"}:
        assert set(TABLE) <= set(services(config)[name]["environment"]), name


def test_settings_of_the_env_file_arrive(environment_file: Path, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text(environment_file.read_text() + "REELWORKS_INBOX=s3://mine/in\nREELWORKS_PIXOP_POOL=other\n")

    environment = services(resolved(env))["worker"]["environment"]

    assert environment["REELWORKS_INBOX"] == "s3://mine/in"
    assert environment["REELWORKS_PIXOP_POOL"] == "other"
    assert environment["REELWORKS_OUTBOX"] is None  # not set: the default holds


def test_every_pool_that_tasks_go_to_is_made(config: Config) -> None:
    made = json.loads((ROOT / "deploy" / "pools.json").read_text())

    assert {name: pool["slots"] for name, pool in made.items()} == POOLS
    assert all(pool["include_deferred"] is True for pool in made.values())
    environment = services(config)["scheduler"]["environment"]
    assert {environment[f"REELWORKS_{name.upper()}_POOL"] for name in made} == set(made)


def test_every_command_is_one_of_airflow(everything: Config) -> None:
    parser = get_parser()
    for name in OF_AIRFLOW - {"init"}:
        program, *arguments = services(everything)[name]["command"]
        assert program == "airflow", name
        assert parser.parse_args(arguments).func, name  # ends the test where the command is unknown
    assert services(everything)["init"]["command"] == ["python", "deploy/init.py"]


def test_the_sandbox_is_where_its_connections_say(config: Config) -> None:
    sandbox = services(config)["sandbox"]
    options = parse(sandbox["command"])
    environment = services(config)["worker"]["environment"]
    told = {
        name: json.loads(environment[f"AIRFLOW_CONN_{name.upper()}_DEFAULT"])
        for name in ("aws", "bytenite", "openencoder", "pixop")
    }

    urls = {name: told[name]["host"] for name in ("bytenite", "openencoder", "pixop")}
    urls |= {name: end["endpoint_url"] for name, end in told["aws"]["extra"]["service_config"].items()}
    assert options.name == "sandbox"
    assert {name: (urlsplit(url).hostname, urlsplit(url).port) for name, url in urls.items()} == {
        name: ("sandbox", port) for name, port in options.ports.items()
    }
    assert environment["REELWORKS_QUEUE"].startswith(urls["sqs"])
    # Our hooks refuse plain http to another machine unless the connection allows it.
    assert all(told[name]["extra"]["allow_http"] for name in ("bytenite", "openencoder", "pixop"))
