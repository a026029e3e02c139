"""The attributes of a queue: which there are, their limits, and the redrive policy among them."""

import json
from typing import Any

from sandbox.sqs.errors import SqsError

DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
LIMITS = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1048576),
    "MessageRetentionPeriod": (60, 1209600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43200),
}
# Taken and told again, without effect: there is one account, and nothing is encrypted.
KEPT = {"Policy", "SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "RedriveAllowPolicy"}


def checked(given: dict[str, Any]) -> dict[str, str]:
    """Return the attributes as kept; raises SqsError for an unknown name or a value out of its limits."""
    kept = {}
    for name, value in given.items():
        if name in LIMITS:
            low, high = LIMITS[name]
            if not str(value).isdigit() or not low <= int(value) <= high:
                raise SqsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
        elif name == "RedrivePolicy":
            if value:
                redrive(str(value))
        elif name not in KEPT:
            raise SqsError("InvalidAttributeName", f"Unknown Attribute {name}.")
        kept[name] = str(value)
    return kept


def redrive(policy: str) -> tuple[str, int]:
    """Return where messages go that were received in vain, and after how many times."""
    try:
        found = json.loads(policy)
        target, most = str(found["deadLetterTargetArn"]), int(found["maxReceiveCount"])
    except (ValueError, KeyError, TypeError):
        raise SqsError("InvalidAttributeValue", "Invalid value for the parameter RedrivePolicy.") from None
    if not 1 <= most <= 1000:
        raise SqsError("InvalidAttributeValue", "maxReceiveCount must be between 1 and 1000.")
    return target.rpartition(":")[2], most
