"""The one tick before an account is deleted."""

from django import forms
from django.utils.translation import gettext_lazy

from ctac.forms import PageForm


class DeleteForm(PageForm):
    sure = forms.BooleanField(
        label=gettext_lazy("I know that this can’t be undone"),
        error_messages={"required": gettext_lazy("Tick the box if you want to delete your account.")},
    )
