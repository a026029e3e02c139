"""The drill: videos go through the whole of Reelworks while much of it dies, and a stranger counts what came of it.

``plan`` says what will happen, ``expected`` what has to come of it, ``evidence`` gathers what there is to see in S3 and
in the sandbox's ledgers, and ``checker`` compares. Nothing that judges imports ``plugins/`` or reads Airflow.
"""

from pathlib import Path

FOLDER = Path(__file__).parent
