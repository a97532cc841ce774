from django.urls import path

from guidance import views

urlpatterns = [
    path("guidance/", views.guidance, name="guidance"),
    path("guidance/who-to-tell/", views.who_to_tell_page, name="who_to_tell"),
    path("guidance/<slug:audience>/", views.guidance_page, name="guidance_page"),
    path("guidance/<slug:audience>/<slug:nation>/", views.guidance_page, name="guidance_nation_page"),
    path("guidance/<slug:audience>/<slug:nation>/<slug:pdf>.pdf", views.guidance_download, name="guidance_download"),
]
