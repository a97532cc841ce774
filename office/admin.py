"""What staff own: the registrations that Django looks for here."""

from office.texts import admin as texts_admin  # noqa: F401 - registers its model
