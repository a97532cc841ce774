"""What gunicorn runs for these tests: the site with a few routes more."""

from django.conf import settings

from ctac.wsgi import application

__all__ = ["application"]
settings.ROOT_URLCONF = "tests.deploy.pages"
