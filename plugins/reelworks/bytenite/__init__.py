"""ByteNite: encode jobs."""
