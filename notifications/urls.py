from django.urls import path

from ctac.staff.site import staff_site
from notifications import views

urlpatterns = [
    path("messages/<int:pk>/html/", staff_site.admin_view(views.message_html), name="message_html"),
    path("emails/", staff_site.admin_view(views.emails), name="mail_gallery"),
    path("emails/<slug:kind>/<int:number>/", staff_site.admin_view(views.email), name="mail_gallery_one"),
    path("emails/<slug:kind>/<int:number>/html/", staff_site.admin_view(views.email_html), name="mail_gallery_html"),
]
