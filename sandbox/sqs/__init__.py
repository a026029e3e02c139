"""Amazon SQS as the AWS SDKs speak it, with S3's notifications in one of its queues."""
