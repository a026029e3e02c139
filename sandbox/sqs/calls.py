"""The actions of the service. Each takes a request's words, and returns the answer's."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sandbox.sqs.attributes import checked
from sandbox.sqs.errors import SqsError, invalid
from sandbox.sqs.message import md5_of, md5_of_attributes
from sandbox.sqs.queue import Queue
from sandbox.sqs.queues import Queues

Words = dict[str, Any]
Action = Callable[[Queues, Words], Awaitable[Words]]


async def create_queue(queues: Queues, words: Words) -> Words:
    """CreateQueue."""
    return {"QueueUrl": queues.url_of(queues.create(str(words["QueueName"]), words.get("Attributes")))}


async def get_queue_url(queues: Queues, words: Words) -> Words:
    """GetQueueUrl."""
    return {"QueueUrl": queues.url_of(queues.named(str(words["QueueName"])))}


async def list_queues(queues: Queues, words: Words) -> Words:
    """ListQueues, all on one page."""
    names = queues.names(str(words.get("QueueNamePrefix", "")))
    return {"QueueUrls": [queues.url_of(queues.named(name)) for name in names]}


async def delete_queue(queues: Queues, words: Words) -> Words:
    """DeleteQueue."""
    queues.remove(_queue(queues, words))
    return {}


async def purge_queue(queues: Queues, words: Words) -> Words:
    """PurgeQueue."""
    _queue(queues, words).purge()
    return {}


async def get_queue_attributes(queues: Queues, words: Words) -> Words:
    """GetQueueAttributes."""
    queue = _queue(queues, words)
    about = queue.described() | queue.counts() | {"QueueArn": queues.arn_of(queue)}
    wanted = set(words.get("AttributeNames") or ())
    return {"Attributes": {name: value for name, value in about.items() if wanted & {name, "All"}}}


async def set_queue_attributes(queues: Queues, words: Words) -> Words:
    """SetQueueAttributes; an empty policy takes the policy away."""
    queue = _queue(queues, words)
    changed = queue.attributes | checked(words.get("Attributes") or {})
    queue.attributes = {name: value for name, value in changed.items() if value}
    queue.keep()
    return {}


async def send_message(queues: Queues, words: Words) -> Words:
    """SendMessage."""
    return _send(_queue(queues, words), words)


async def send_message_batch(queues: Queues, words: Words) -> Words:
    """SendMessageBatch."""
    queue = _queue(queues, words)
    return _each(words, lambda entry: _send(queue, entry))


async def receive_message(queues: Queues, words: Words) -> Words:
    """ReceiveMessage, with long polling."""
    queue = _queue(queues, words)
    taken = await queue.receive(
        _number(words, "MaxNumberOfMessages", 1, low=1, high=10),
        wait=_number(words, "WaitTimeSeconds", queue.value("ReceiveMessageWaitTimeSeconds"), high=20),
        hidden=_number(words, "VisibilityTimeout", queue.value("VisibilityTimeout"), high=43200),
        dead=queues.dead_letters_of(queue),
    )
    system = {*(words.get("AttributeNames") or ()), *(words.get("MessageSystemAttributeNames") or ())}
    wanted = set(words.get("MessageAttributeNames") or ())
    return {"Messages": [message.delivered(system, wanted) for message in taken]} if taken else {}


async def delete_message(queues: Queues, words: Words) -> Words:
    """DeleteMessage."""
    _queue(queues, words).delete(str(words["ReceiptHandle"]))
    return {}


async def delete_message_batch(queues: Queues, words: Words) -> Words:
    """DeleteMessageBatch."""
    queue = _queue(queues, words)
    return _each(words, lambda entry: queue.delete(str(entry["ReceiptHandle"])))


async def change_message_visibility(queues: Queues, words: Words) -> Words:
    """ChangeMessageVisibility."""
    _change(_queue(queues, words), words)
    return {}


async def change_message_visibility_batch(queues: Queues, words: Words) -> Words:
    """ChangeMessageVisibilityBatch."""
    queue = _queue(queues, words)
    return _each(words, lambda entry: _change(queue, entry))


def _queue(queues: Queues, words: Words) -> Queue:
    return queues.at(str(words["QueueUrl"]))


def _send(queue: Queue, words: Words) -> Words:
    body, attributes = str(words["MessageBody"]), words.get("MessageAttributes") or {}
    if not body:
        raise invalid("The request must contain the parameter MessageBody.")
    if len(body.encode()) > queue.value("MaximumMessageSize"):
        raise invalid(f"One or more parameters are invalid. Message must be shorter than {len(body.encode())} bytes.")
    late = _number(words, "DelaySeconds", queue.value("DelaySeconds"), high=900)
    answer = {"MessageId": queue.send(body, delay=late, attributes=attributes).id, "MD5OfMessageBody": md5_of(body)}
    return answer | ({"MD5OfMessageAttributes": md5_of_attributes(attributes)} if attributes else {})


def _change(queue: Queue, words: Words) -> None:
    queue.change_visibility(str(words["ReceiptHandle"]), _number(words, "VisibilityTimeout", 0, high=43200))


def _each(words: Words, act: Callable[[Words], Words | None]) -> Words:
    entries = list(words.get("Entries") or ())
    _check_entries(entries)
    good: list[Words] = []
    bad: list[Words] = []
    for entry in entries:
        try:
            good.append({"Id": entry["Id"], **(act(entry) or {})})
        except SqsError as error:
            bad.append(error.entry(entry["Id"]))
    return {"Successful": good} | ({"Failed": bad} if bad else {})


def _check_entries(entries: list[Words]) -> None:
    if not entries:
        raise SqsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > 10:
        raise SqsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise SqsError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")


def _number(words: Words, name: str, usual: int, *, low: int = 0, high: int) -> int:
    value = words.get(name)
    number = usual if value is None else value
    if not isinstance(number, int) or not low <= number <= high:
        raise invalid(f"Value {value} for parameter {name} is invalid. Reason: Must be between {low} and {high}.")
    return number


def actions(functions: Iterable[Action]) -> dict[str, Action]:
    """Return the actions by AWS's name: `create_queue` is CreateQueue."""
    return {"".join(word.title() for word in function.__name__.split("_")): function for function in functions}


ACTIONS = actions(
    (
        create_queue,
        get_queue_url,
        list_queues,
        delete_queue,
        purge_queue,
        get_queue_attributes,
        set_queue_attributes,
        send_message,
        send_message_batch,
        receive_message,
        delete_message,
        delete_message_batch,
        change_message_visibility,
        change_message_visibility_batch,
    )
)
