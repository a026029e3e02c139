"""Reaping: ending what was left at the services by tasks that nobody comes back for."""
