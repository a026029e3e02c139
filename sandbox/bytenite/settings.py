"""What of ByteNite's behaviour can be set, at start and while it runs."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

HOUR = 3600.0


class Settings(BaseModel):
    """Switches. Times are seconds, sizes bytes, balances ByteChips."""

    model_config = ConfigDict(extra="forbid")

    token_lifetime: float = Field(default=HOUR, gt=0, description="of tokens given from now on")
    link_lifetime: float = Field(default=48 * HOUR, gt=0, description="of result and upload links")
    file_lifetime: float = Field(default=48 * HOUR, gt=0, description="of files in the temporary bucket")
    instant: bool = Field(default=False, description="make results without reading or encoding the source")
    job_seconds: float = Field(default=0.0, ge=0, description="the least time a job takes from its start")
    encodes: int = Field(default=1, ge=1, le=64, description="jobs encoded at the same time")
    fail_next: int = Field(default=0, ge=0, description="so many jobs run from now on fail")
    fail_late: bool = Field(default=False, description="such a job makes its results first, and lists them")
    fail_message: str = "the sandbox was told to fail this job"
    result_names: Literal["documented", "hostile"] = "documented"
    results_before_done: Literal["null", "empty", "404"] = "empty"
    results_late: float = Field(default=0, ge=0, description="results are listed so long after their job is complete")
    refusal_status: Literal[400, 200] = Field(
        default=400, description="200: refusals of generic calls are 200 with ok: false"
    )
    synthetic_size: int = Field(
        default=0, ge=0, le=1 << 40, description="results are this many bytes, made while sent; 0 = off"
    )
    price_factor: float = Field(default=1.0, ge=0)


class Orders(BaseModel):
    """Things that are done once, sent together with settings."""

    model_config = ConfigDict(extra="forbid")

    balance: int | None = Field(default=None, ge=0, description="put the wallet at this")
    expire_tokens: bool = Field(default=False, description="every token given so far is void")


def split(content: dict[str, Any]) -> tuple[dict[str, Any], Orders]:
    """Part settings from orders."""
    orders = {key: value for key, value in content.items() if key in Orders.model_fields}
    return {key: value for key, value in content.items() if key not in orders}, Orders(**orders)
