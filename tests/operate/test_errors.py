"""The table of errors in docs/operate.md is complete, and says the truth about retries."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import BaseOperator, Context

import reelworks
from reelworks.bytenite.operators import ByteNiteEncodeOperator
from reelworks.core import errors
from reelworks.core.errors import VideoServiceError, all_errors
from reelworks.core.step import StepOperator
from reelworks.media.url import S3Url
from reelworks.process.quarantine import QuarantinedError
from tests.subprocesses import ROOT
from tests.task_process import TaskLife

for module in pkgutil.walk_packages(reelworks.__path__, "reelworks."):
    importlib.import_module(module.name)

ERRORS = list(all_errors())


def raised(kind: type[VideoServiceError]) -> VideoServiceError:
    return kind(S3Url.parse("s3://bucket/key"), "why") if kind is QuarantinedError else kind("why")  # type: ignore[arg-type]


def whole_job(kind: type[VideoServiceError]) -> BaseOperator:
    class Failing(ByteNiteEncodeOperator):
        def check(self, context: Context) -> dict[str, Any]:
            raise raised(kind)

    return Failing(task_id="encode", source="s3://bucket/key", preset="h264_360p", destination="s3://bucket/out")


def one_step(kind: type[VideoServiceError]) -> BaseOperator:
    class Failing(StepOperator):
        hook_class = ByteNiteEncodeOperator.hook_class

        def step(self, context: Context) -> Any:
            raise raised(kind)

    return Failing(task_id="step")


def test_the_table_in_the_docs_is_the_codes() -> None:
    assert errors.as_markdown() in (ROOT / "docs" / "operate.md").read_text()


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_each_error_says_what_it_means_and_what_to_do(kind: type[VideoServiceError]) -> None:
    assert kind.__doc__
    assert "__doc__" in vars(kind)
    assert kind.money.partition(":")[0] in ("no", "perhaps", "yes")
    assert kind.remedy


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    ("make", "retried"),
    [(whole_job, ("yes", "by the operators that see a whole job through")), (one_step, ("yes",))],
    ids=["a whole job", "one step"],
)
def test_a_try_is_followed_by_another_just_where_the_table_says_so(
    kind: type[VideoServiceError],
    make: Callable[[type[VideoServiceError]], BaseOperator],
    retried: tuple[str, ...],
    tmp_path: Path,
) -> None:
    outcome = TaskLife(lambda: make(kind), tmp_path).run()

    assert outcome.state == ("up_for_retry" if kind.retried in retried else "failed"), outcome
    assert "why" in outcome.error
