from django.urls import path

from dataprotection import views

urlpatterns = [
    path("privacy/complaint/", views.complaint, name="complaint"),
    path("privacy/complaint/sent/<str:token>/", views.complaint_sent, name="complaint_sent"),
]
