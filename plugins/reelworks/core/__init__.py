"""What a remote job in Airflow is; names no service."""
