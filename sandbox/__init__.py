"""The services and S3 on your own machine, doing real work with ffmpeg."""
