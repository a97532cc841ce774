from django.urls import path

from ctac.staff import staff_site
from notifications import views

urlpatterns = [
    path("messages/<int:pk>/html/", staff_site.admin_view(views.message_html), name="message_html"),
]
