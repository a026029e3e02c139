"""Pixop's REST API v1 (2021) as its document tells it, on your own machine."""
