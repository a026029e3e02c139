"""Runs the whole of Reelworks on one machine: the sandbox and every part of Airflow, each a process of its own."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOMES = ROOT / ".reelworks"
