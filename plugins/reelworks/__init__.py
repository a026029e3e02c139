"""Encode and enhance videos from S3 with remote services, orchestrated by Airflow."""
