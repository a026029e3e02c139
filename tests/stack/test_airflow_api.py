import pytest

from stack.airflow_api import AirflowApi
from tests.loopback import answers, resets, serving

FAILURE = answers({"detail": {"reason": "Database error"}}, status=500)


def test_a_run_that_a_busy_database_failed_to_make_is_asked_for_again_and_made_once() -> None:
    with serving() as server:
        # It was made, its answer was lost, and so it is there already.
        server.acts += [FAILURE, resets, answers({"detail": "DAGRun already exists"}, status=409)]

        run_id = AirflowApi(server.url).trigger("a_dag", {"source": "s3://inbox/a.mp4"})

        bodies = [heard.json for heard in server.heard]
        assert len(bodies) == 3
        assert [body["dag_run_id"] for body in bodies] == [run_id] * 3
        assert bodies[0]["conf"] == {"source": "s3://inbox/a.mp4"}


def test_a_run_that_airflow_refuses_is_asked_for_once() -> None:
    with serving() as server:
        server.acts += [answers({"detail": "no such param"}, status=400)]

        with pytest.raises(RuntimeError, match=r"refused to run a_dag \(400\).*no such param"):
            AirflowApi(server.url).trigger("a_dag", {})

        assert len(server.heard) == 1
