"""The log of complaints and the log of breaches; copies, erasures and what is kept no longer."""

from dataprotection.admin import breaches, complaints  # noqa: F401 - pages of the staff site
from professionals import data_admin, retention_admin  # noqa: F401 - as these
