"""What Django looks for in the app."""

from guidance.contacts import admin as contacts_admin  # noqa: F401 - registers its model
