"""Noticing videos: three ways to see that one has landed, and one way to start its run, once."""
