"""The ways in which a run does not end well."""


class FailedError(Exception):
    """The job ends in `error`."""


class StoppedError(Exception):
    """The job ends as `cancelled`."""


class PanicError(Exception):
    """The worker's code panics: the job keeps its state, and the queue tries it again later."""


class WorkerExitError(Exception):
    """The whole worker process ends."""
