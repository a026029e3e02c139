"""What Airflow's web server shows of an output: its pictures and its manifest, by links at the task."""

PREFIX = "/reelworks"
"""Where the web server mounts our pages."""
