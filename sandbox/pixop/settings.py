"""What can be set about the sandboxed Pixop while it runs: /sandbox/settings."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

DAY = 86400.0


class Settings(BaseModel):
    """Switches. Times are seconds, sizes bytes, prices dollars."""

    model_config = ConfigDict(extra="forbid")

    # Odd, but documented or seen: each by name, and on unless switched off.
    null_state: bool = Field(True, description="new work has no state at first, then one without a status")
    string_pages: bool = Field(True, description="the document's lists; off: the SDK's (`prev`, integers, totalFound)")
    misspelt_method: bool = Field(True, description="token validation says apiRequestSignatureSethod, as documented")
    ignore_if_range: bool = Field(True, description="If-Range is not documented and not heeded")

    # Sign-in.
    token_lifetime: float = Field(900, gt=0, le=10**7, description="of tokens given from now on")
    token_starts_in: float = Field(0, ge=0, le=DAY, description="so far ahead is the `not before` of new tokens")
    token_flaw: Literal["none", "eternal", "inconsistent", "corrupt"] = "none"  # noqa: S105
    banned: bool = False
    auth_exception: bool = Field(False, description="every check of a token fails with AuthException")
    new_secret_voids_tokens: bool = Field(False, description="generate-auth-secret makes tokens given before invalid")

    # Words, compared by the SDK without regard to case.
    running_word: str = "IN_PROGRESS"
    done_word: str = "DONE"
    failed_word: str = Field("ERROR", description="the newer API says FAILED")

    # Pace.
    instant: bool = Field(False, description="a processing gives back the source's bytes at once, without ffmpeg")
    null_seconds: float = Field(0.2, ge=0, le=DAY, description="how long null_state lasts")
    ingest_seconds: float = Field(0, ge=0, le=DAY, description="the least time an ingest takes")
    job_seconds: float = Field(0, ge=0, le=DAY, description="the least time a processing takes")
    encodes: int = Field(1, ge=1, le=64, description="processings at the same time")
    upload_bytes_per_second: float = Field(0, ge=0, description="of one upload; 0: no limit")
    download_bytes_per_second: float = Field(0, ge=0, description="of one download; 0: no limit")

    # Failures.
    fail_next: int = Field(0, ge=0, description="so many processings started from now on end in ERROR")
    fail_next_ingest: int = Field(0, ge=0, description="so many ingests started from now on end in ERROR")
    ingest_anything: bool = Field(False, description="what is no video ingests all the same, with made-up metadata")
    second_upload: bool = Field(False, description="an upload may replace media that is there")

    largest_page: int = Field(100, ge=1, le=10**6, description="a larger page-size is lowered to this")
    price_per_megapixel_frame: float = Field(0.00002, ge=0, description="invented: Pixop's prices are not in the API")


class Orders(BaseModel):
    """Things that are done once, sent together with settings."""

    model_config = ConfigDict(extra="forbid")

    expire_tokens: bool = Field(False, description="every token given so far is expired")


def split(content: dict[str, Any]) -> tuple[dict[str, Any], Orders]:
    """Part settings from orders."""
    orders = {key: value for key, value in content.items() if key in Orders.model_fields}
    return {key: value for key, value in content.items() if key not in orders}, Orders(**orders)


def from_command_line(given: dict[str, Any]) -> Settings:
    """Return the settings for what the sandbox was started with, which is said in all services' words."""
    return Settings.model_validate({key: value for key, value in given.items() if key in Settings.model_fields})
