"""Tells queues of what happens in buckets, in AWS's words."""
