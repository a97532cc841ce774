"""Every setting, read from the environment. .env.example explains each variable.

The default is production: unless CTAC_ENV is development (set by `make run`) or test (set by the tests), a missing secret stops
the start. All mistakes are gathered in `faults` and reported at the end, one sentence to a line.
"""

import os
import re
import secrets
import sys
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.checks.security import base as secret_key_rules
from django.urls import reverse_lazy

from core import logs
from ctac.local import postgres
from ctac.transports import folder

BASE_DIR = Path(__file__).resolve().parent.parent
faults: list[str] = []


class Env(environ.Env):
    """Reports a value that is no number as one more fault, and uses the default, so that the other faults are found too."""

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False) -> Any:
        try:
            return super().get_value(var, cast, default, parse_default)
        except ValueError:
            faults.append(f"{var} is {os.environ[var]!r}. Set it to a number.")
            return default


env = Env()
env.read_env(env("ENV_FILE", default=str(BASE_DIR / ".env")))


def stop(*sentences: str) -> NoReturn:
    """End the start with plain sentences instead of a traceback."""
    sys.stderr.write("".join(f"CTAC can't start: {sentence}\n" for sentence in sentences))
    raise SystemExit(1)


ENVIRONMENT = env("CTAC_ENV", default="production")
if ENVIRONMENT not in {"production", "development", "test"}:
    faults.append(f"CTAC_ENV is {ENVIRONMENT!r}; set it to production, development or test.")
DEVELOPMENT = ENVIRONMENT == "development"
PRODUCTION = not DEVELOPMENT and ENVIRONMENT != "test"
DEBUG = False
# Everything that this copy writes if no server is named: database, mail sink, broker, cache.
VAR_DIR = Path(env("CTAC_VAR", default=str(BASE_DIR / "var")))


def required_in_production(name: str, what: str, otherwise: str = "") -> str:
    value: str = env(name, default="")
    if value.strip():
        return value
    if PRODUCTION:
        faults.append(f"{name} is not set. {what}")
        return ""
    return otherwise


def address_of_server(name: str, value: str, what: str, *schemes: str) -> str:
    """The value, or "" if it is no valid address. The sentence doesn't repeat it, as it may contain a password."""
    try:
        parts = urlsplit(value)
        for host in parts.netloc.rpartition("@")[2].split(","):
            _port = urlsplit(f"//{host}").port  # raises ValueError
        is_right = parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        is_right = False
    if value and not is_right:
        faults.append(f"{name} is not right. {what}")
    return value if is_right else ""


KEY_HELP = "Set it to a long random text that only this server knows."
SECRET_KEY = required_in_production("SECRET_KEY", KEY_HELP)
if not SECRET_KEY and not PRODUCTION:  # a random one for this copy, kept so that sessions survive a restart
    SECRET_KEY_FILE = VAR_DIR / "secret_key"
    if not SECRET_KEY_FILE.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        SECRET_KEY_FILE.touch(mode=0o600)
        SECRET_KEY_FILE.write_text(secrets.token_urlsafe(50))
    SECRET_KEY = SECRET_KEY_FILE.read_text()
if PRODUCTION and SECRET_KEY:
    of_copies = [path / "secret_key" for path in (VAR_DIR, BASE_DIR / "var")]
    if (
        len(SECRET_KEY) < secret_key_rules.SECRET_KEY_MIN_LENGTH
        or len(set(SECRET_KEY)) < secret_key_rules.SECRET_KEY_MIN_UNIQUE_CHARACTERS
        or SECRET_KEY.startswith(secret_key_rules.SECRET_KEY_INSECURE_PREFIX)
    ):
        faults.append(f"SECRET_KEY is easy to guess. {KEY_HELP}")
    elif SECRET_KEY in {file.read_text().strip() for file in of_copies if os.access(file, os.R_OK)}:
        faults.append(f"SECRET_KEY is that of a copy for development. {KEY_HELP}")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS_HELP = "Set it to the host names that this site answers to, with commas between."
HOSTS = required_in_production("ALLOWED_HOSTS", ALLOWED_HOSTS_HELP, "localhost,127.0.0.1,[::1]")
ALLOWED_HOSTS = [host.strip() for host in HOSTS.split(",") if host.strip()]
if HOSTS and not ALLOWED_HOSTS:
    faults.append(f"ALLOWED_HOSTS names no host. {ALLOWED_HOSTS_HELP}")
if PRODUCTION and "*" in HOSTS:
    faults.append(f"ALLOWED_HOSTS has a * in it, which lets anybody name the site. {ALLOWED_HOSTS_HELP}")
SITE_URL_HELP = "Set it to the address people type, such as https://ctac.example; emails link to it."
SITE_URL = required_in_production("SITE_URL", SITE_URL_HELP, "http://localhost:8000").rstrip("/")
if PRODUCTION and SITE_URL and not (SITE_URL.startswith("https://") and urlsplit(SITE_URL).hostname):
    faults.append(f"SITE_URL is {SITE_URL!r}. {SITE_URL_HELP}")

# First values of what staff own: a copy for production needs them before a manager has signed in. From then on the settings page
# of the staff site says what holds (office/models.py).
SITE_HELP_EMAIL = required_in_production("SITE_HELP_EMAIL", "Set it to who helps people with this website.", "website@localhost")
# Who runs this site: shown at the head and foot of each page, in emails and in PDFs.
CHARITY = {
    "name": required_in_production(
        "CHARITY_NAME", "Set it to the name of the charity that runs this.", "Example Children’s Charity"
    ),
    "number": required_in_production("CHARITY_NUMBER", "Set it to the charity's registered number.", "0000000"),
    "address": required_in_production("CHARITY_ADDRESS", "Set it to the charity's address.", "1 Example Street, London N1 1AA"),
}
ROUTE_HELP = "Set it to a sentence that says where to turn when the advice line is closed."
OUT_OF_HOURS_ROUTE = required_in_production("OUT_OF_HOURS_ROUTE", ROUTE_HELP)
STAFF_EMAIL = required_in_production("STAFF_EMAIL", "Set it to the team's address.", "ctac-team@localhost")
ESCALATION_HELP = "Set it to who is told too when a presenter has not been heard of for an hour: the manager, say."
VISIT_ESCALATION_EMAIL = required_in_production("VISIT_ESCALATION_EMAIL", ESCALATION_HELP, STAFF_EMAIL)
SAFEGUARDING_HELP = "Set it to the address of the safeguarding lead."
SAFEGUARDING_LEAD_EMAIL = required_in_production("SAFEGUARDING_LEAD_EMAIL", SAFEGUARDING_HELP, STAFF_EMAIL)
if PRODUCTION:  # otherwise an alarm and its escalation might go to one mailbox that perhaps nobody reads
    readers: dict[str, str] = {}
    for name in ("STAFF_EMAIL", "VISIT_ESCALATION_EMAIL", "SAFEGUARDING_LEAD_EMAIL"):
        if address := str(vars()[name]).lower():
            if "@" not in address.strip("@"):
                faults.append(f"{name} is {address!r}. Set it to an email address.")
            elif (other := readers.setdefault(address, name)) != name:
                faults.append(f"{name} is the same address as {other}. Set it to a mailbox that somebody else reads.")

CHARITY_LOGO = env("CHARITY_LOGO", default="")
if CHARITY_LOGO and not (Path(CHARITY_LOGO).suffix in {".svg", ".png"} and Path(CHARITY_LOGO).is_file()):
    faults.append(f"CHARITY_LOGO is {CHARITY_LOGO!r}. Set it to a file of this machine that ends in .svg or .png.")
# Where to report a security problem: an address, or a page with https (RFC 9116). If empty, the advice line's address.
SECURITY_CONTACT = env("SECURITY_CONTACT", default="")
if SECURITY_CONTACT and not ("@" in SECURITY_CONTACT or SECURITY_CONTACT.startswith("https://")):
    faults.append(
        f"SECURITY_CONTACT is {SECURITY_CONTACT!r}. Set it to an email address, or to a page whose address begins with https://."
    )

INSTALLED_APPS = [
    "core",
    "staff",
    "audit",
    "office",
    "notifications",
    "accounts",
    "professionals",
    "privacy",
    "guidance",
    "leaflets",
    "bookings",
    "reach",
    "ctac",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "csp",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "core.middleware.SafeHeadersMiddleware",
    "core.health.HealthMiddleware",
    "core.middleware.RequestReferenceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.RequestLogMiddleware",
    "core.middleware.LanguageMiddleware",
    "core.middleware.PrivateByDefaultMiddleware",
    "core.middleware.NoNulMiddleware",
    "accounts.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "professionals.access.PersonMiddleware",
    "audit.pages.StaffRefusedMiddleware",
    "core.middleware.StorageUnavailableMiddleware",
]
if DEVELOPMENT:  # in production the proxy compresses pages, and static files are compressed beforehand
    MIDDLEWARE.insert(3, "django.middleware.gzip.GZipMiddleware")

ROOT_URLCONF = "ctac.urls"
WSGI_APPLICATION = "ctac.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "ctac"
CRISPY_TEMPLATE_PACK = "ctac"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.pages.site",
                "professionals.safeguarding.advice_line.advice_line",
            ],
            "libraries": {"texts": "office.texts.tags", "safeguarding": "professionals.safeguarding.services"},
        },
    }
]

# PostgreSQL everywhere; the embedded server of this copy where no other is named.
DATABASE_HELP = "Set it to the PostgreSQL server, such as postgres://user:password@host/ctac."
database_url = required_in_production("DATABASE_URL", DATABASE_HELP) or postgres.database_url(VAR_DIR)
try:  # environ accepts addresses that urlsplit refuses
    if not database_url.startswith(("postgres://", "postgresql://", "psql://", "pgsql://")):
        raise ValueError
    DATABASES = {"default": env.db_url_config(database_url)}
    if not DATABASES["default"]["NAME"]:
        raise ValueError
except ValueError:
    faults.append(f"DATABASE_URL is no address of a PostgreSQL database. {DATABASE_HELP}")
    DATABASES = {"default": {}}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# PgBouncer may give each transaction another session, but a cursor belongs to one (deploy/pgbouncer/pgbouncer.ini).
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,  # seconds; libpq's default waits for minutes
    **DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Only for what may be lost. Rate limits have their own table (accounts.rate_limits).
CACHE_HELP = "Set it to a Redis server, such as redis://host:6379/1."
cache_url = address_of_server("CACHE_URL", env("CACHE_URL", default=""), CACHE_HELP, "redis", "rediss")
CACHES = {
    "default": env.cache_url_config(cache_url)
    if cache_url
    else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(VAR_DIR / "cache")},
    # Parts of pages that are the same for everyone, under a key that says what they are drawn from.
    "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 1000}},
}

# Pages, emails and files for people outside the team are in English or Welsh (ADR 1). In production, a string is shown in Welsh
# once a reader has approved it; before the first approval, there is no Welsh at all.
LANGUAGE_CODE = "en-gb"
LOCALE_PATHS = [BASE_DIR / "locale"] if PRODUCTION else [VAR_DIR / "locale", BASE_DIR / "locale"]
WELSH = not PRODUCTION or (BASE_DIR / "locale/cy/LC_MESSAGES/django.mo").exists()
LANGUAGES = [(LANGUAGE_CODE, "English"), *([("cy", "Cymraeg")] if WELSH else [])]
FORMAT_MODULE_PATH = ["ctac.formats"]
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static", ("guide", BASE_DIR / "docs" / "pictures")]
if CHARITY_LOGO:
    STATICFILES_DIRS.append(("charity", Path(CHARITY_LOGO).parent))
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_ALLOW_ALL_ORIGINS = False  # our files are for our pages
WHITENOISE_AUTOREFRESH = not PRODUCTION  # otherwise all files are listed first: 7 ms for each client in a test
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(VAR_DIR / "media")))
MEDIA_URL = "/media/"  # nothing is served from here: views hand out what a person may see
# An S3 bucket in place of MEDIA_ROOT. If the URL has no key, boto3 looks for one itself, such as a machine's role.
FILES_HELP = (
    "Set it to a bucket of an S3 server, such as s3://key:secret@s3.eu-west-2.amazonaws.com/bucket?region=eu-west-2, "
    "with each / of the secret as %2F."
)
FILES_URL = address_of_server("FILES_URL", env("FILES_URL", default=""), FILES_HELP, "s3", "s3+http")
bucket = urlsplit(FILES_URL)
if FILES_URL and not (
    re.fullmatch(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket.path)
    and re.fullmatch(r"(region=[a-z0-9-]+)?", bucket.query)
    and bool(bucket.username) == bool(bucket.password)
):
    faults.append(f"FILES_URL is not right. {FILES_HELP}")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "ctac.transports.object_storage.BucketStorage",
        "OPTIONS": {
            "endpoint_url": f"{'http' if bucket.scheme == 's3+http' else 'https'}://{bucket.netloc.rpartition('@')[2]}",
            "bucket_name": bucket.path.strip("/"),
            "region_name": bucket.query.removeprefix("region=") or None,
            "access_key": unquote(bucket.username or "") or None,
            "secret_key": unquote(bucket.password or "") or None,
        },
    }
    if FILES_URL
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Accounts: django-allauth. No password at sign-up: a code by email (product.md, rule 7).
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["professionals.access.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.forms.FewCommonWordsValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/my/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "professionals.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
# Seconds: the longest that OWASP ASVS 5.0 allows for a code sent by email (V6.5.5).
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 2
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a new password, address or second factor is always confirmed by email
# allauth's limits live in a cache, which may be lost. Ours are in accounts/rate_limits.py.
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
# Abuse (docs/adr/0010). Whether forms that are open to everyone must come with the signed time that our page gave them.
CHECK_FORM_TIMESTAMP = env.bool("CHECK_FORM_TIMESTAMP", default=ENVIRONMENT != "test")
# Seconds after which sensitive pages ask for reauthentication (ADR 9).
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * env.float("ASK_AGAIN_AFTER_MINUTES", default=10)
MFA_ADAPTER = "professionals.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # finger, face or PIN: one passkey is two factors (ADR 7)
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.ReauthenticateSecondFactorForm",
    "activate_totp": "accounts.forms.ActivateAppForm",
    "generate_recovery_codes": "accounts.forms.NewRecoveryCodesForm",
}
MFA_TOTP_ISSUER = "CTAC"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s either way, for phones whose clock is a little off (RFC 6238)

# Sessions and cookies
SESSION_ENGINE = "accounts.sessions"
# How long a sign-in lasts: idle, without a request, and at the longest in any case (ADR 9).
SESSION_IDLE = timedelta(minutes=env.float("SESSION_IDLE_MINUTES", default=120))
SESSION_LONGEST = timedelta(hours=env.float("SESSION_LONGEST_HOURS", default=24))
STAFF_SESSION_IDLE = timedelta(minutes=env.float("STAFF_SESSION_IDLE_MINUTES", default=60))
STAFF_SESSION_LONGEST = timedelta(hours=env.float("STAFF_SESSION_LONGEST_HOURS", default=12))
if min(SESSION_IDLE, SESSION_LONGEST, STAFF_SESSION_IDLE, STAFF_SESSION_LONGEST) <= timedelta(0):
    faults.append("SESSION_IDLE_MINUTES, SESSION_LONGEST_HOURS and the same of staff must be more than 0.")
# A day longer than the session itself, so that a form sent too late is known to be its owner's.
SESSION_COOKIE_AGE = int((SESSION_LONGEST + timedelta(days=1)).total_seconds())
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "ctac.views.csrf_failure"
SECURE_COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME = f"{SECURE_COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{SECURE_COOKIE_PREFIX}csrf"
DRAFT_COOKIE_NAME = f"{SECURE_COOKIE_PREFIX}draft"
BROWSER_COOKIE_NAME = f"{SECURE_COOKIE_PREFIX}browser"
LANGUAGE_COOKIE_NAME = f"{SECURE_COOKIE_PREFIX}language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A packing session has up to 200 parcels with a few boxes each (Django's own limit is 1,000).
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
# How many of our proxies stand in front. The client's address is read at that place from the right.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
if TRUSTED_PROXY_COUNT < 0:
    faults.append(f"TRUSTED_PROXY_COUNT is {TRUSTED_PROXY_COUNT}. Set it to the number of proxies of ours in front, 0 or more.")
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Mail leaves through the outbox only (notifications).
EMAIL_HELP = "Set it to the mail server, such as smtp+tls://user:password@host:587."
EMAIL_SCHEMES = ("smtp", "smtps", "smtp+tls", "smtp+ssl")
email_url = address_of_server("EMAIL_URL", required_in_production("EMAIL_URL", EMAIL_HELP), EMAIL_HELP, *EMAIL_SCHEMES)
vars().update(env.email_url_config(email_url or "smtp://127.0.0.1:1025", backend="notifications.delivery.smtp.EmailBackend"))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)  # seconds; Django's default waits for ever
OUTBOX_LEASE_SECONDS = env.int("OUTBOX_LEASE_SECONDS", default=45)  # renewed every 10 seconds while a message is handed over
# The most messages a minute to addresses at one domain; 0 for no limit.
MAIL_A_MINUTE_TO_A_DOMAIN = env.int("MAIL_A_MINUTE_TO_A_DOMAIN", default=300)
OUTBOX_SWEEP_SECONDS = env.float("OUTBOX_SWEEP_SECONDS", default=20)  # the tests of faults can't wait that long
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="CTAC <help@nspcc.org.uk>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# The sender of mail from each desk, and the reader of its answers (notifications/registry.py). If empty: the sender of all mail,
# and the advice line. Answers to mail to the team go to the mailbox that staff have set.
MAIL_FROM = {
    "bookings": env("MAIL_FROM_BOOKINGS", default=""),
    "leaflets": env("MAIL_FROM_LEAFLETS", default=""),
    "team": env("MAIL_FROM_TEAM", default=""),
    "accounts": env("MAIL_FROM_ACCOUNTS", default=""),
}
MAIL_REPLIES = {
    "bookings": env("MAIL_REPLIES_BOOKINGS", default=""),
    "leaflets": env("MAIL_REPLIES_LEAFLETS", default=""),
}
for desk, sender in MAIL_FROM.items():
    # Message-ID and signature (DKIM) belong to that domain.
    if sender and parseaddr(sender)[1].rpartition("@")[2] != parseaddr(DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]:
        faults.append(f"MAIL_FROM_{desk.upper()} is {sender!r}. It must be at the domain of DEFAULT_FROM_EMAIL.")

# Urgent text messages, sent by Twilio's Messages API (notifications/delivery/sms.py). Empty for none.
SMS_HELP = "Set it to Twilio's address with your API key, as .env.example shows it."
sms_url = env("SMS_URL", default="")
SMS_URL = address_of_server("SMS_URL", sms_url, SMS_HELP, "https", *([] if PRODUCTION else ["http"]))
SMS_FROM = env("SMS_FROM", default="")
if SMS_URL and not SMS_FROM:
    faults.append("SMS_FROM is not set. Set it to the number or the name that text messages are from, such as CTAC.")

# Mail that comes back (docs/adr/0003). Each of the two ways to hear of it is off until it is set.
BOUNCE_ADDRESS = env("BOUNCE_ADDRESS", default="")  # the envelope's sender; a machine reads what goes there
BOUNCE_VERP = env.bool("BOUNCE_VERP", default=False)
BOUNCE_MAILBOX = env("BOUNCE_MAILBOX", default="")
MAIL_PROVIDER = env("MAIL_PROVIDER", default="")  # one of those in notifications.bounces.reports, which report to us
MAIL_WEBHOOK_PASSWORD = env("MAIL_WEBHOOK_PASSWORD", default="")
MAIL_WEBHOOK_KEY = env("MAIL_WEBHOOK_KEY", default="")
# The setting by which each provider proves who it is.
MAIL_PROVIDERS = {
    **dict.fromkeys(("brevo", "mailjet", "postmark", "sparkpost"), "MAIL_WEBHOOK_PASSWORD"),
    **dict.fromkeys(("mailersend", "mailgun", "mailtrap", "mandrill", "postal", "unisender_go"), "MAIL_WEBHOOK_KEY"),
}
if MAIL_PROVIDER and MAIL_PROVIDER not in MAIL_PROVIDERS:
    faults.append(f"MAIL_PROVIDER is {MAIL_PROVIDER!r}. Set it to one of {', '.join(sorted(MAIL_PROVIDERS))}.")
elif MAIL_PROVIDER and not vars()[MAIL_PROVIDERS[MAIL_PROVIDER]]:
    faults.append(f"{MAIL_PROVIDERS[MAIL_PROVIDER]} is not set. Set it to what {MAIL_PROVIDER} shows us that it is who it says.")
elif MAIL_WEBHOOK_PASSWORD and ":" not in MAIL_WEBHOOK_PASSWORD:
    faults.append("MAIL_WEBHOOK_PASSWORD is not right. Set it to a user name and a password, such as user:password.")

# The audit (docs/adr/0021): months that it is kept after their end. The database itself refuses to drop a month in less than six.
AUDIT_KEPT_MONTHS = env.int("AUDIT_KEPT_MONTHS", default=24)
if AUDIT_KEPT_MONTHS < 6:
    faults.append("AUDIT_KEPT_MONTHS must be at least 6.")

# The people who were erased, by key alone. Outside the database, so that they can be erased again after a restore (ADR 23).
ERASURES_FILE = Path(env("ERASURES_FILE", default=str(VAR_DIR / "erasures" / "erasures.jsonl")))
BACKUP_DIR = env("BACKUP_DIR", default="")  # has the last runs of deploy/backup.py and check_restore.py, for the first-run check
BACKUP_KEEP_DAYS = env.int(
    "BACKUP_KEEP_DAYS", default=30
)  # the same as in deploy/pgbackrest/pgbackrest.conf; the privacy notice says it
# Celery. The outbox table holds the truth, so any broker may be lost.
BROKER_HELP = "Set it to Redis or RabbitMQ, such as redis://host:6379/0."
BROKER_SCHEMES = ("folder", "redis", "rediss", "amqp", "amqps", "pyamqp", "sentinel")
broker_url = env("CELERY_BROKER_URL", default="") or folder.FOLDER_BROKER_URL
CELERY_BROKER_URL = address_of_server("CELERY_BROKER_URL", broker_url, BROKER_HELP, *BROKER_SCHEMES)
CELERY_BROKER_TRANSPORT_OPTIONS = folder.transport_options(CELERY_BROKER_URL, VAR_DIR)
CELERY_BROKER_CONNECTION_TIMEOUT = folder.BROKER_TIMEOUT_SECONDS
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # the worker waits for its broker, however long it is away
CELERY_TASK_DEFAULT_QUEUE = "ctac"
FRESH_MAIL_QUEUE = "ctac-now"  # mail that somebody waits for; a worker takes from both queues in turn
CELERY_TASK_QUEUES = folder.build_queues(CELERY_TASK_DEFAULT_QUEUE, FRESH_MAIL_QUEUE)
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
# With the folder as broker, the processes of a pool would share one queue and a lock, which a killed process keeps for ever.
CELERY_WORKER_POOL = "threads" if CELERY_BROKER_URL == folder.FOLDER_BROKER_URL else "prefork"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# More than there are processors, because a message waits longer for mail server and disk than it computes (ADR 3).
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=4 if PRODUCTION else 2)
# A file for a health check, which the worker touches unless it hangs or has lost its broker. Empty for none.
WORKER_HEARTBEAT_FILE = env("WORKER_HEARTBEAT_FILE", default="")
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # unused, and RabbitMQ is dropping the kind of queue that it needs
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
WATCHER_PING_HELP = "Set it to the address that your monitor gave you, such as https://hc-ping.com/ and a long number."
watcher_ping_url = env("WATCHER_PING_URL", default="")
# A monitor elsewhere that hears of each good round of the watch over visits. Empty for none.
WATCHER_PING_URL = address_of_server("WATCHER_PING_URL", watcher_ping_url, WATCHER_PING_HELP, "https", "http")
CELERY_BEAT_MAX_LOOP_INTERVAL = 5  # seconds: how soon beat goes on after its clock was wrong and is put right
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

# Monitoring (docs/runbook.md): each of the two is off, and not imported, until it is set.
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # Prometheus sends it, to be shown /metrics
if METRICS_TOKEN:
    MIDDLEWARE.insert(MIDDLEWARE.index("core.health.HealthMiddleware") + 1, "ctac.monitoring.metrics.MetricsMiddleware")
    if len(METRICS_TOKEN) < 32:
        faults.append("METRICS_TOKEN is easy to guess. Set it to 32 random characters or more that only Prometheus knows too.")
SENTRY_HELP = "Set it to the DSN of your project, such as https://key@errors.example/1."
SENTRY_DSN = address_of_server("SENTRY_DSN", env("SENTRY_DSN", default=""), SENTRY_HELP, "https", "http")
LOGGING = logs.logging_config(as_json=PRODUCTION, level=env("LOG_LEVEL", default="INFO"), report_errors=bool(SENTRY_DSN))

if faults:
    stop(*faults)
