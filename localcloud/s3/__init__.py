"""S3 on files and a database: what was answered survives the process."""

from localcloud.s3.service import S3

__all__ = ["S3"]
