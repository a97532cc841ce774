"""A title, an order and its lines, without any rule."""

from django.db import models


class Title(models.Model):
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=200)
    placed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    title = models.CharField(max_length=200)
    copies = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.title
