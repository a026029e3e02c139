"""Open Encoder as a real server of 2021-08-02 was seen to behave."""
