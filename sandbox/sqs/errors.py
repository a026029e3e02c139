"""Refusals as SQS words them."""

import json

from fastapi import Response

# What the older query protocol called them: SDKs still hand these names to their callers.
QUERY_NAMES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}
CONTENT_TYPE = "application/x-amz-json-1.0"


class SqsError(Exception):
    """A refusal: `code` is the name of the shape in the service's model."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def answer(self) -> Response:
        """Return it as the service sends it."""
        query = f"{QUERY_NAMES.get(self.code, self.code)};{'Sender' if self.status < 500 else 'Receiver'}"
        body = json.dumps({"__type": f"com.amazonaws.sqs#{self.code}", "message": self.message})
        return Response(body, self.status, {"x-amzn-query-error": query}, CONTENT_TYPE)

    def entry(self, entry_id: str) -> dict[str, object]:
        """Return it as one entry of a batch that failed."""
        code = QUERY_NAMES.get(self.code, self.code)
        return {"Id": entry_id, "Code": code, "Message": self.message, "SenderFault": self.status < 500}


def invalid(message: str) -> SqsError:
    """Return the refusal of a value."""
    return SqsError("InvalidParameterValue", message)


def no_queue() -> SqsError:
    """Return the refusal for a queue that is not there."""
    return SqsError("QueueDoesNotExist", "The specified queue does not exist.")


def make_error(status: int, message: str) -> tuple[bytes, str]:
    """Return an injected fault's body and content type."""
    code = "ServiceUnavailable" if status == 503 else "InternalError" if status >= 500 else "RequestThrottled"
    return SqsError(code, message, status).answer().body, CONTENT_TYPE  # type: ignore[return-value]
