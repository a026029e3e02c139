"""ByteNite's HTTP API, first generation (2023), on your own machine."""
