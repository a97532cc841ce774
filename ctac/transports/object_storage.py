"""Files in a bucket that speaks S3. settings.py names this backend when FILES_URL is set; nothing else imports it, so boto3 is
loaded only then.

A storage that is away costs one thread of each process a few seconds now and then, never a page for minutes.
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

from ctac.errors import StorageUnavailable
from ctac.monitoring import health

logger = logging.getLogger(__name__)
CONNECT_TIMEOUT, READ_TIMEOUT, ATTEMPTS = 2, 4, 2  # seconds, seconds, times; botocore's own are 60, 60 and 5
PAUSE = 15  # seconds after a failure during which it is not asked again
IN_MEMORY = 2_500_000  # bytes of a file that is read; the rest of it lies in a temporary file, as Django has it for uploads
ONE_REQUEST = 64 * 1024**2  # bytes that go in one request: all or nothing, and no parts are left behind


class BucketStorage(S3Storage):
    """Private objects that are never overwritten. What S3 can't do raises StorageUnavailable, an OSError as of a local folder."""

    retry_at: float | None = None  # while it is away: when one thread asks again, by a clock that nothing changes
    shared: Any = None
    sharing = Lock()

    def get_default_settings(self) -> dict[str, Any]:
        client = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path"},  # every provider knows it
        )
        transfer = TransferConfig(use_threads=False, multipart_threshold=ONE_REQUEST, num_download_attempts=ATTEMPTS)
        ours = {"file_overwrite": False, "max_memory_size": IN_MEMORY, "client_config": client, "transfer_config": transfer}
        return super().get_default_settings() | ours

    @property
    def connection(self) -> Any:
        """One for all threads, whose client they may share: each of its own would take 14 MB."""
        with self.sharing:
            self.shared = self.shared or super().connection
            return self.shared

    @contextmanager
    def asked(self) -> Iterator[None]:
        """One request. While the storage is away, one thread a PAUSE tries; the others are refused at once."""
        now = time.monotonic()
        if self.retry_at is not None:
            if now < self.retry_at:
                raise StorageUnavailable("it has just failed")
            self.retry_at = now + PAUSE
        try:
            yield
        except (BotoCoreError, Boto3Error, ClientError, RetriesExceededError) as error:
            self.retry_at = time.monotonic() + PAUSE
            # Not the error's own words, which quote the address.
            code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
            reason = f"{type(error).__name__} {code}".strip()
            logger.error("The file storage failed: %s", reason)
            health.record_storage_failure()
            raise StorageUnavailable(reason) from error
        self.retry_at = None

    def _open(self, name: str, mode: str = "rb") -> File:
        """Read to its end: once an answer has begun, it can't become an error page."""
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
        """With a random part: two uploads of one name at the same moment would both find that name free."""
        path = PurePosixPath(name)
        with_random = self.get_alternative_name(str(path.with_suffix("")), path.suffix)
        available: str = super().get_available_name(with_random, max_length)
        return available

    def url(self, *_args: Any, **_options: Any) -> str:
        raise NotImplementedError("Nothing is served from the bucket: views hand out what a person may see.")
