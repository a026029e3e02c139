"""What can be set about the sandboxed Open Encoder while it runs: /sandbox/settings."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Switches(BaseModel):
    """The real server's dangers, each by name and on by default, and the pace of the sandbox (seconds).

    `restart_seconds` and `worker_restart_seconds` say when an ended process is back; null: it stays down
    (nothing in the project's compose files restarts it), until the setting is given a number again.
    """

    model_config = ConfigDict(extra="forbid")

    # Dangers.
    process_exits: bool = Field(True, description="a call that kills the real server kills this one")
    poison_jobs: bool = Field(True, description="a job with an unknown preset ends its worker, each time it is taken")
    lost_enqueue: bool = Field(True, description="without Redis a new job is accepted and never queued; off: 500")
    cancel_overwritten: bool = Field(True, description="the next phase overwrites a cancel; off: it is honoured")
    silent_upload_failure: bool = Field(True, description="a failed upload still says completed; off: error")
    id_zero: bool = Field(True, description="over 128 characters: 201 with id 0 and no job; off: a normal job")
    missing_source_hangs: bool = Field(True, description="a missing source stays downloading; off: error")
    force_password_reset: bool = Field(False, description="admin must change the password before the first login")
    web_page: bool = Field(False, description="unknown paths answer 200 text/html, as the Docker image does")
    redis_up: bool = True
    postgres_up: bool = True

    # Pace.
    instant: bool = Field(False, description="outputs are small test clips made with the preset, not encodes")
    job_seconds: float = Field(0, ge=0, le=86400, description="the least time an encode takes")
    phase_seconds: float = Field(0, ge=0, le=86400, description="the least time every other phase takes")
    tick_seconds: float = Field(5, gt=0, le=3600, description="how often an encode reports and looks for a cancel")
    token_lifetime: float = Field(3600, gt=0, le=10**7)
    refresh_lifetime: float = Field(3600, ge=0, le=10**7, description="how long after its making a token is renewed")
    restart_seconds: float | None = Field(2, ge=0, le=86400)
    worker_restart_seconds: float | None = Field(5, ge=0, le=86400)
    reap_seconds: float = Field(11, ge=0, le=86400, description="when a started worker takes up a dead one's job")
    retry_seconds: float = Field(15, ge=0, le=86400, description="the least pause before a panicked job's next try")

    # Fleet.
    static_workers: int = Field(1, ge=0, le=64, description="workers beside the machines; 0: only machines work")
    machine_boot_seconds: float = Field(2, ge=0, le=3600)
    static_price_hourly: float = Field(0.00744, ge=0, description="what an hour of a static worker counts")


class Orders(BaseModel):
    """Things that are done once, sent together with settings."""

    model_config = ConfigDict(extra="forbid")

    expire_tokens: bool = Field(False, description="every token given so far is void")


def split(content: dict[str, Any]) -> tuple[dict[str, Any], Orders]:
    """Part settings from orders."""
    orders = {key: value for key, value in content.items() if key in Orders.model_fields}
    return {key: value for key, value in content.items() if key not in orders}, Orders(**orders)


def from_command_line(given: dict[str, Any]) -> Switches:
    """Return the switches for what the sandbox was started with, which is said in all services' words."""
    ours = {key: value for key, value in given.items() if key in Switches.model_fields}
    if "encodes" in given:
        ours["static_workers"] = given["encodes"]
    return Switches.model_validate(ours)
