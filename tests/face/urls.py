"""The real routes and two pages that show every component in every state."""

from pathlib import Path

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from ctac import urls as real
from ctac.forms import DatePartsField, PageForm

handler400, handler403, handler404 = real.handler400, real.handler403, real.handler404
handler429, handler500 = real.handler429, real.handler500
PAGES = Path(__file__).parent / "pages"
SLOTS = [
    ("Tuesday 9 March 2027", [("a", "9:30am to 11am"), ("b", "1:30pm to 3pm")]),
    ("Wednesday 10 March 2027", [("c", "9:30am to 11am")]),
]


class EverythingForm(PageForm):
    """One field of each kind that the pack draws."""

    autocomplete = {"email": "email", "phone": "tel"}
    option_hints = {"place": {"online": "A video call; we send the link."}}
    conditional = {"address": ("place", "workplace")}

    name = forms.CharField(label="Full name", help_text="As colleagues know you.")
    email = forms.EmailField(label="Work email")
    phone = forms.CharField(label="Phone", required=False, widget=forms.TextInput(attrs={"type": "tel"}))
    people = forms.IntegerField(label="How many people?", min_value=1, max_value=300)
    profession = forms.ChoiceField(label="Profession", choices=[("", "Choose one"), ("gp", "GP"), ("midwife", "Midwife")])
    place = forms.ChoiceField(
        label="Where?", widget=forms.RadioSelect, choices=[("workplace", "At our workplace"), ("online", "Online")]
    )
    address = forms.CharField(label="Address", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    slot = forms.ChoiceField(label="Day and time", widget=forms.RadioSelect, choices=SLOTS)
    topics = forms.MultipleChoiceField(
        label="Topics",
        help_text="Choose all that fit.",
        widget=forms.CheckboxSelectMultiple,
        choices=[("signs", "Signs"), ("law", "The law")],
    )
    day = DatePartsField(label="Your own date", help_text="For example, 9 3 2027.")
    notes = forms.CharField(
        label="Access needs", required=False, widget=forms.Textarea, help_text="Please don't give a child's details here."
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    agree = forms.BooleanField(label="I have told my manager", help_text="We may ask.")
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> None:
        if self.cleaned_data.get("name") == "Nobody":
            raise forms.ValidationError("That time has just gone. Choose another.")


SECTIONS = [
    {
        "title": "Where",
        "change_url": "/where/",
        "rows": [
            {"label": "Place", "value": "At our workplace"},
            {"label": "Address", "value": "1 High Street\nLeeds\nLS1 1AA"},
        ],
    },
    {"title": "When", "change_url": "/when/", "rows": [{"label": "Day", "value": "Tuesday 9 March 2027, 1:30pm to 3pm"}]},
]


def draw(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    source = (PAGES / template).read_text()
    return HttpResponse(engines["django"].from_string(source).render(context, request))


def form_page(request: HttpRequest) -> HttpResponse:
    return draw(request, "form.html", {"form": EverythingForm(request.POST or None)})


def parts_page(request: HttpRequest) -> HttpResponse:
    titles = ["Stop child trafficking in its tracks: advice for health visitors", "Child trafficking is child abuse"]
    return draw(request, "parts.html", {"sections": SECTIONS, "titles": titles})


def broken_page(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


urlpatterns = [
    path("t/form/", form_page),
    path("t/parts/", parts_page),
    path("t/broken/", broken_page),
    *real.urlpatterns,
]
