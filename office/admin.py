"""Django looks for what the app registers on the staff site here."""

# ruff: noqa: F401, I001 - imported for what they register, in the order of the menu

from office.closures import admin as closures_admin
from office.texts import admin as texts_admin
from office.site_settings import admin as settings_admin
