"""What every page needs to show."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "advice_phone": settings.ADVICE_PHONE,
        "advice_email": settings.ADVICE_EMAIL,
        "advice_hours": settings.ADVICE_HOURS,
        "development": settings.DEVELOPMENT,
        "site_url": settings.SITE_URL,
    }
