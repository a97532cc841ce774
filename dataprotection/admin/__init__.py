"""The log of complaints and the log of breaches, for those who answer for data protection."""

from dataprotection.admin import breaches, complaints

__all__ = ["breaches", "complaints"]
