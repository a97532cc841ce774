"""Every route, grouped by app."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

import bookings.urls
import guidance.urls
import leaflets.urls
import notifications.urls
import privacy.urls
import reach.urls
from ctac import views
from notifications.views import mail_events
from professionals.views import my_mail, my_mail_editions
from staff.site import staff_site

handler400 = "ctac.views.bad_request"
handler403 = "ctac.views.forbidden"
handler404 = "ctac.views.not_found"
handler429 = "ctac.views.too_many_requests"
handler500 = "ctac.views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.page, {"template": "pages/home.html"}, name="home"),
    path("about/", views.page, {"template": "pages/about.html"}, name="about"),
    path("where-we-have-been/", views.where_we_have_been, name="where_we_have_been"),
    path("privacy/", views.privacy, name="privacy"),
    path("cookies/", views.page, {"template": "pages/cookies.html"}, name="cookies"),
    path("accessibility/", views.page, {"template": "pages/accessibility.html"}, name="accessibility"),
    path("security/", views.security, name="security"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots_txt, name="robots_txt"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("language/", views.set_language, name="set_language"),
    path("my/", views.my_page, name="my"),
    path("my/mail/", my_mail, name="my_mail"),
    path("my/mail/editions/", my_mail_editions, name="my_mail_editions"),
    path("mail/", include(notifications.urls.preferences_urlpatterns)),
    path("account/", include("accounts.urls")),
    path("account/", include("professionals.urls")),
    *guidance.urls.urlpatterns,
    *bookings.urls.urlpatterns,
    *leaflets.urls.urlpatterns,
    *privacy.urls.urlpatterns,
    *reach.urls.urlpatterns,
    path("styleguide/", include("ctac.styleguide.urls")),
    path("staff/", include(notifications.urls)),
    path("webhooks/mail/<slug:provider>/", mail_events, name="mail_events"),
    path("staff/", staff_site.urls),
]

if settings.DEVELOPMENT:
    urlpatterns.append(path("mailbox/", include("ctac.local.mailbox")))
