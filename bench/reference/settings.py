"""The least that Django needs to answer the reference page and to take the reference order: what CTAC is measured against."""

import environ

env = environ.Env()
SECRET_KEY = "for measuring only"  # noqa: S105
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "bench.reference.urls"
INSTALLED_APPS = ["bench.reference"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.csrf"]},
    }
]
DATABASES = {"default": env.db_url("DATABASE_URL") | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
