"""Django looks for the models of the app here."""

from office.closures.models import Banner, Closure
from office.site_settings.models import SettingChange, SiteSettings
from office.texts.models import TextStep, TextVersion

__all__ = ["Banner", "Closure", "SettingChange", "SiteSettings", "TextStep", "TextVersion"]
