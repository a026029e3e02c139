"""The server's own settings: where its files are, and its account at the cloud provider."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.openencoder.binding import Field, Struct
from sandbox.seaweed import S3Access
from sandbox.store import Store

KIND = "openencoder.configuration"
INBOUND, OUTBOUND = "openencoder-in", "openencoder-out"
SWITCH = "eq=enabled|eq=disabled"
STREAMING = (
    "Enable this setting to enable streaming directly to FFmpeg from a pre-signed S3 URL, instead of downloading the "
    "file first if disk space is a concern. Please note this setting can impact performance."
)
ENDPOINT = "Provide a custom endpoint if using a service provider that uses the S3 protocol."
# Name, title, description, and whether it is a secret, in the server's order.
KNOWN = (
    ("S3_ACCESS_KEY", "S3 Access Key", "S3 Access Key", True),
    ("S3_SECRET_KEY", "S3 Secret Key", "S3 Secret Key", True),
    (
        "DIGITAL_OCEAN_ACCESS_TOKEN",
        "Digital Ocean Access Token",
        "Digital Ocean Access Token (Required for Machines)",
        True,
    ),
    ("SLACK_WEBHOOK", "Slack Webhook", "Slack Webhook for notifications", True),
    ("S3_INBOUND_BUCKET", "S3 Inbound Bucket", "S3 Inbound Bucket", False),
    ("S3_OUTBOUND_BUCKET", "S3 Outbound Bucket", "S3 Outbound Bucket", False),
    ("S3_OUTBOUND_BUCKET_REGION", "S3 Outbound Bucket Region", "S3 Outbound Bucket Region", False),
    ("S3_INBOUND_BUCKET_REGION", "S3 Inbound Bucket Region", "S3 Inbound Bucket Region", False),
    ("S3_PROVIDER", "S3 Provider", "S3 Provider", False),
    ("S3_STREAMING", "Stream Encode from S3", STREAMING, False),
    ("FTP_ADDR", "FTP Address", "FTP Connection", False),
    ("FTP_USERNAME", "FTP Username", "FTP Username", True),
    ("FTP_PASSWORD", "FTP Password", "FTP Password", True),
    ("STORAGE_DRIVER", "Storage Driver", "Storage Driver for input and output", False),
    ("S3_ENDPOINT", "S3 Custom Endpoint", ENDPOINT, False),
    ("DIGITAL_OCEAN_REGION", "Digital Ocean Region", "Digital Ocean Machines Region (Required for Machines)", False),
    ("DIGITAL_OCEAN_ENABLED", "Digital Ocean Machines", "Enable Digital Ocean Machines", False),
    ("DIGITAL_OCEAN_VPC", "Digital Ocean Machines VPC", "Enable Digital Ocean Machines VPC", False),
)
RULES = {
    "STORAGE_DRIVER": ("StorageDriver", "eq=s3|eq=ftp"),
    "S3_PROVIDER": ("S3Provider", "eq=digitaloceanspaces|eq=amazonaws|eq=custom|eq="),
    "S3_STREAMING": ("S3Streaming", SWITCH),
    "DIGITAL_OCEAN_ENABLED": ("DigitalOceanEnabled", SWITCH),
}
# The rules are checked in the order in which the server's struct has them.
UPDATE = Struct(
    "settingsUpdateRequest",
    (
        *(Field(go, key, rule=rule) for key, (go, rule) in RULES.items()),
        *(Field(name, name, rule="") for name, *_ in KNOWN if name not in RULES),
    ),
)


class Configuration:
    """The settings' values; all are kept, secrets in clear, and told to any admin, as by the real server."""

    def __init__(self, store: Store, s3: S3Access | None, token: str) -> None:
        self._store = store
        self._s3 = s3
        self.token = token
        self.values: dict[str, str] = store.get(KIND, "values") or self._first()
        # The sandbox's own S3 may have moved to another port since the values were kept.
        if s3 is not None and self.values["S3_ENDPOINT"] == store.get(KIND, "endpoint", ""):
            self.values["S3_ENDPOINT"] = s3.endpoint
        self.replace(self.values)
        store.put(KIND, "endpoint", s3.endpoint if s3 else "")

    def _first(self) -> dict[str, str]:
        s3 = self._s3 or S3Access("", "", "")
        return dict.fromkeys((name for name, *_ in KNOWN), "") | {
            "S3_ACCESS_KEY": s3.access_key,
            "S3_SECRET_KEY": s3.secret_key,
            "S3_ENDPOINT": s3.endpoint,
            "S3_INBOUND_BUCKET": INBOUND,
            "S3_OUTBOUND_BUCKET": OUTBOUND,
            "S3_INBOUND_BUCKET_REGION": s3.region,
            "S3_OUTBOUND_BUCKET_REGION": s3.region,
            "S3_PROVIDER": "custom",
            "S3_STREAMING": "disabled",
            "STORAGE_DRIVER": "s3",
            "DIGITAL_OCEAN_ACCESS_TOKEN": self.token,
            "DIGITAL_OCEAN_ENABLED": "enabled",
            "DIGITAL_OCEAN_REGION": "sfo2",
        }

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def replace(self, values: dict[str, Any]) -> None:
        """Put all values anew; what is left out becomes empty, secrets too."""
        self.values = {name: values.get(name) or "" for name, *_ in KNOWN}
        self._store.put(KIND, "values", self.values)

    def shown(self) -> list[dict[str, Any]]:
        """Return the settings as the API shows them."""
        return [
            {"name": name, "title": title, "value": self.values[name], "description": description, "secure": secure}
            for name, title, description, secure in KNOWN
        ]

    @property
    def machines_work(self) -> bool:
        """Whether the provider would take what is set: the token is the one of this sandbox's account."""
        return self["DIGITAL_OCEAN_ENABLED"] == "enabled" and self["DIGITAL_OCEAN_ACCESS_TOKEN"] == self.token

    @property
    def storage_near(self) -> bool:
        """Whether the files are on this machine; the sandbox goes to no other."""
        near = _host(self["S3_ENDPOINT"]) in ("127.0.0.1", "localhost", "::1")
        given = self._s3 is not None and self["S3_ENDPOINT"] == self._s3.endpoint
        return self["S3_PROVIDER"] == "custom" and self["STORAGE_DRIVER"] == "s3" and (near or given)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
