"""Pixop: enhancement of videos, by its REST API v1."""
