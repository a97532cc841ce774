"""How tests press the buttons of the staff site, and what they read there."""

from django.urls import reverse

from notifications.models import Notification

ORDERS = "/staff/leaflets/order/"


def change(model, obj):
    return reverse(f"staff:leaflets_{model}_change", args=[obj.pk])


def act(client, model, obj, slug, **typed):
    return client.post(reverse(f"staff:leaflets_{model}_action", args=[obj.pk, slug]), typed, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def told_the_lead():
    return list(Notification.objects.filter(kind="safeguarding-flag").values_list("recipient", "reference"))
