"""All routes, with those that exist only in development."""

from django.urls import include, path

from ctac import urls

handler404 = urls.handler404
urlpatterns = [*urls.urlpatterns, path("mailbox/", include("ctac.local.mailbox"))]
