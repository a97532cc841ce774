"""Staff pages of what staff own; importing this registers them."""

from office.closures import admin as closures_admin  # noqa: F401 - registers its models
