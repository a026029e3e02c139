"""What can be set about notifications while the sandbox runs: /sandbox/settings of `sqs`."""

from pydantic import BaseModel, ConfigDict, Field

EVENTS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")


class Settings(BaseModel):
    """Switches. Of every so many events one goes wrong; 0: none. Times are seconds."""

    model_config = ConfigDict(extra="forbid")

    buckets: list[str] = Field(["inbox"], description="whose events are sent")
    queue: str = Field("reelworks-inbox", description="where to; made when missing")
    events: list[str] = Field(list(EVENTS), description="which, in S3's words")
    prefix: str = Field("", description="of keys; others are not told of")
    suffix: str = Field("", description="of keys; others are not told of")

    lose_every: int = Field(0, ge=0, description="one event of so many is never sent")
    duplicate_every: int = Field(0, ge=0, description="one event of so many is sent twice")
    duplicate_seconds: float = Field(0, ge=0, le=900, description="how much later its second copy comes")
    delay_every: int = Field(0, ge=0, description="one event of so many comes late, after younger ones")
    delay_seconds: float = Field(3, ge=0, le=900, description="how late")


class Orders(BaseModel):
    """Things that are done once, sent together with settings."""

    model_config = ConfigDict(extra="forbid")

    test_event: bool = Field(False, description="send s3:TestEvent for every bucket, as on subscribing")
