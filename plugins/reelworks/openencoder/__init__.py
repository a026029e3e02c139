"""Open Encoder: video encoding on servers of one's own."""
