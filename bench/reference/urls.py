"""One page with one SELECT and a small template; one order form whose POST inserts 1 + 3 rows in a transaction."""

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from bench.reference.models import Line, Order, Title


class OrderForm(forms.Form):
    name = forms.CharField(max_length=200)
    address = forms.CharField(max_length=200)


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "reference/page.html", {"titles": Title.objects.order_by("id")[:4]})


def order(request: HttpRequest) -> HttpResponse:
    form = OrderForm(request.POST or None)
    if not form.is_valid():
        return render(request, "reference/order.html", {"form": form})
    with transaction.atomic():
        placed = Order.objects.create(**form.cleaned_data)
        for number in range(3):
            Line.objects.create(order=placed, title=f"Title {number}", copies=10)
    return redirect("placed", placed.pk)


def placed(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "reference/placed.html", {"order": get_object_or_404(Order, pk=pk)})


urlpatterns = [path("", page), path("order/", order), path("placed/<int:pk>/", placed, name="placed")]
