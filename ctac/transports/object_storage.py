"""The storage of files in an S3 bucket, if FILES_URL is set. Only settings.py names it, so boto3 is loaded only then.

While the bucket is away, one thread of each process tries it from time to time, and all others are refused at once.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from threading import Lock
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from s3transfer.exceptions import RetriesExceededError
from storages.backends.s3 import S3Storage

from core import health
from core.errors import StorageUnavailable

logger = logging.getLogger(__name__)
CONNECT_TIMEOUT, READ_TIMEOUT, MAX_ATTEMPTS = 2, 4, 2  # seconds, seconds, times; botocore's own are 60, 60 and 5
RETRY_PAUSE_SECONDS = 15  # between two tries while it fails
MAX_MEMORY_BYTES = 2_500_000  # bytes of a file in memory; a larger one goes into a temporary file, as in Django's uploads
MULTIPART_THRESHOLD_BYTES = 64 * 1024**2  # bytes of the largest upload in one request, which leaves no parts behind if it fails


class BucketStorage(S3Storage):
    """Private objects that are never overwritten. Failures raise StorageUnavailable, which is an OSError."""

    retry_at: float | None = None  # when a thread may try again, by the monotonic clock; None while all is well
    shared: Any = None
    sharing = Lock()

    def get_default_settings(self) -> dict[str, Any]:
        client = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path"},  # every provider knows it
        )
        transfer = TransferConfig(
            use_threads=False, multipart_threshold=MULTIPART_THRESHOLD_BYTES, num_download_attempts=MAX_ATTEMPTS
        )
        ours = {
            "file_overwrite": False,
            "max_memory_size": MAX_MEMORY_BYTES,
            "client_config": client,
            "transfer_config": transfer,
        }
        return super().get_default_settings() | ours

    @property
    def connection(self) -> Any:
        """One client for all threads, because each takes 14 MB."""
        with self.sharing:
            self.shared = self.shared or super().connection
            return self.shared

    @contextmanager
    def asked(self) -> Iterator[None]:
        """For one request. Raises StorageUnavailable if it fails, or has failed less than PAUSE seconds ago."""
        now = time.monotonic()
        if self.retry_at is not None:
            if now < self.retry_at:
                raise StorageUnavailable("it has just failed")
            self.retry_at = now + RETRY_PAUSE_SECONDS
        try:
            yield
        except (BotoCoreError, Boto3Error, ClientError, RetriesExceededError) as error:
            self.retry_at = time.monotonic() + RETRY_PAUSE_SECONDS
            # Not the error's own words, which quote the address.
            code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
            reason = f"{type(error).__name__} {code}".strip()
            logger.error("The file storage failed: %s", reason)
            health.record_storage_failure()
            raise StorageUnavailable(reason) from error
        self.retry_at = None

    def _open(self, name: str, mode: str = "rb") -> File:
        """Read the whole file, because a response that has begun can't become an error page."""
        with self.asked():
            found: File = super()._open(name, mode)
            if "r" in mode:
                found.open()
            return found

    def _save(self, name: str, content: File) -> str:
        with self.asked():
            saved: str = super()._save(name, content)
            return saved

    def exists(self, name: str) -> bool:
        with self.asked():
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with self.asked():
            found: tuple[list[str], list[str]] = super().listdir(path)
            return found

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """A name with a random part, because two uploads at the same moment could both find a name free."""
        path = PurePosixPath(name)
        with_random = self.get_alternative_name(str(path.with_suffix("")), path.suffix)
        available: str = super().get_available_name(with_random, max_length)
        return available

    def url(self, *_args: Any, **_options: Any) -> str:
        raise NotImplementedError("Nothing is served from the bucket itself: views check who may see a file.")
