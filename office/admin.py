"""Django looks for what the app registers on the staff site here."""

from office.closures import admin as closures_admin
from office.site_settings import admin as settings_admin
from office.texts import admin as texts_admin

__all__ = ["closures_admin", "settings_admin", "texts_admin"]
