"""What is done to files: S3 transfers, probing, manifests."""
