from django.apps import AppConfig


class CtacConfig(AppConfig):
    name = "ctac"
