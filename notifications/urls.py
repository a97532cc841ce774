from django.urls import path

from notifications import views
from staff.site import staff_site

# For staff
urlpatterns = [
    path("messages/<int:pk>/html/", staff_site.admin_view(views.message_html), name="message_html"),
    path("emails/", staff_site.admin_view(views.mail_gallery), name="mail_gallery"),
    path("emails/<slug:kind>/<int:number>/", staff_site.admin_view(views.mail_gallery_one), name="mail_gallery_one"),
    path("emails/<slug:kind>/<int:number>/html/", staff_site.admin_view(views.mail_gallery_html), name="mail_gallery_html"),
]
# Reached from mail, without signing in
preferences_urlpatterns = [
    path("<str:token>/", views.mail_choices, name="mail_choices"),
    path("<str:token>/stop/<str:topic>/", views.mail_stop, name="mail_stop"),
]
