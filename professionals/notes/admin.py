"""Notes, letters and messages in the stories of the staff site, and the buttons by which colleagues add them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from notifications.models import Notification, NotificationChannel, NotificationState, visible_to
from notifications.registry import email_label
from professionals import services
from professionals.emails import StaffLetter
from professionals.models import MAX_LETTER_LENGTH, MAX_NOTE_LENGTH, Note, NoteKind, Organisation, Person
from professionals.safeguarding.forms import NoChildDetailsForm
from staff.actions import ObjectAction
from staff.story import StoryEntry, StoryPage, register_story_entries

VIEW_NOTE_PERMISSION, VIEW_MESSAGE_PERMISSION = "professionals.view_note", "notifications.view_notification"
NOTE_FORM_KINDS = [kind for kind in NoteKind if kind not in {NoteKind.LETTER, NoteKind.CASE}]


class NoteForm(NoChildDetailsForm):
    free_text_fields = never_kept = ("text",)

    kind = forms.ChoiceField(
        label=gettext_lazy("What happened?"),
        choices=[(kind.value, kind.label) for kind in NOTE_FORM_KINDS],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what happened.")},
    )
    text = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=MAX_NOTE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("They can ask to read this. No details of a child."),
        error_messages={"required": gettext_lazy("Write what was said or agreed.")},
    )

    def __init__(self, data: Any = None, *, references: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        if references:
            self.fields["reference"] = forms.ChoiceField(
                label=gettext_lazy("Is it about one of these?"),
                choices=[("", gettext_lazy("No")), *((reference, reference) for reference in references)],
                required=False,
            )


class LetterForm(NoChildDetailsForm):
    free_text_fields = never_kept = ("subject", "text")

    subject = forms.CharField(
        label=gettext_lazy("Subject"), max_length=120, error_messages={"required": gettext_lazy("Write a subject.")}
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=MAX_LETTER_LENGTH,
        widget=forms.Textarea({"rows": 10}),
        help_text=gettext_lazy("We add the greeting and who we are. No details of a child."),
        error_messages={"required": gettext_lazy("Write the text.")},
    )


class CaseForm(forms.Form):
    to = forms.ModelChoiceField(
        label=gettext_lazy("Which colleague has it now?"),
        queryset=User.objects.filter(is_staff=True, is_active=True).order_by("name", "email"),
        empty_label=gettext_lazy("Choose"),
        error_messages={"required": gettext_lazy("Choose the colleague who has it now.")},
    )


def case_system_link(_obj: Any) -> list[dict[str, Any]]:
    return [{"label": _("About a child?"), "value": format_html('<a href="../case/">{}</a>', _("Use the case system"))}]


def can_add_note(about: dict[str, Any]) -> bool:
    """Whether a note can be added: nothing is added to the story of somebody who was erased."""
    return "person" not in about or about["person"].erased_at is None


def note_actions(
    about: Callable[[Any], dict[str, Any]], *, references: Callable[[Any], Sequence[str]] = lambda obj: ()
) -> tuple[ObjectAction, ...]:
    """The buttons beside a story.

    `about(obj)` gives the person or organisation of a note, and the reference of what it is about. `references(obj)` gives a
    person's references to choose from.
    """
    return (
        ObjectAction(
            "note",
            gettext_lazy("Add a note"),
            lambda obj, **note: services.add_note(**{**about(obj), **note}),
            available=lambda obj: can_add_note(about(obj)),
            form_class=NoteForm,
            form_kwargs=lambda obj: {"references": references(obj)} if references(obj) else {},
            facts=case_system_link,
            explanation=gettext_lazy("Note a call or what you agreed. Nobody can change it afterwards."),
            done=gettext_lazy("Your note is in the story."),
            permission="add_note",
            in_story=True,
        ),
        ObjectAction(
            "case",
            gettext_lazy("Hand over a worry about a child"),
            lambda obj, **note: services.add_note(**{**about(obj), **note, "kind": NoteKind.CASE}),
            available=lambda obj: can_add_note(about(obj)),
            form_class=CaseForm,
            explanation=gettext_lazy(
                "Write what you heard in the case system, never here. Here we keep only who has it now, and when."
            ),
            done=gettext_lazy("The story says that you handed it over."),
            permission="add_note",
            in_story=True,
        ),
    )


def letter_action(about: Callable[[Any], dict[str, Any]]) -> ObjectAction:
    """The button that writes an email to the person."""
    return ObjectAction(
        "write",
        gettext_lazy("Write an email"),
        lambda obj, **letter: services.write_letter(**{**about(obj), **letter}),
        available=lambda obj: can_add_note(about(obj)) and bool(about(obj)["person"].email),
        form_class=LetterForm,
        facts=lambda obj: [{"label": _("To"), "value": about(obj)["person"].email}, *case_system_link(obj)],
        explanation=gettext_lazy("The person gets it from us, and our team reads the answer."),
        done=gettext_lazy("Your email is on its way."),
        permission="add_note",
        in_story=True,
        button=gettext_lazy("Send this email"),
    )


def record_note_fields(row: Any) -> dict[str, Any]:
    """The person and the reference, for a note on the page of a booking or an order."""
    return {"person": row.person, "reference": row.reference}


RECORD_NOTE_ACTIONS = (*note_actions(record_note_fields), letter_action(record_note_fields))


def build_permission_check(permission: str) -> Callable[..., bool]:
    """A `has_…_permission` method of a model admin, which gives the same answer for every object."""
    return lambda _page_admin, request, obj=None: request.user.has_perm(permission)


class NotesMixin:
    """For a model admin with `note_actions`."""

    has_add_note_permission = build_permission_check("professionals.add_note")


def note_entries(rows: QuerySet[Note], page: StoryPage) -> Iterator[StoryEntry]:
    """The notes among these, without letters, which are messages."""
    for note in page.newest(rows.exclude(kind=NoteKind.LETTER).select_related("by", "to")):
        what = note.get_kind_display()
        if note.kind == NoteKind.CASE:
            what = _("Worry about a child handed over to %(colleague)s") % {"colleague": note.to or _("a colleague")}
        yield StoryEntry(note.at, f"{what} ({note.reference})" if note.reference else what, note.by or "", note.text)


def add_notes_by_reference(model: type[Any]) -> None:
    """Show in the story of such an object the notes and messages with its reference."""
    register_story_entries(
        model, lambda obj, page: note_entries(Note.objects.filter(reference=obj.reference), page), permission=VIEW_NOTE_PERMISSION
    )
    register_story_entries(
        model,
        lambda obj, page: message_entries(Notification.objects.filter(reference=obj.reference), page),
        permission=VIEW_MESSAGE_PERMISSION,
    )


def message_entries(rows: QuerySet[Notification], page: StoryPage) -> Iterable[StoryEntry]:
    """Messages, with their text for those who may read messages, but without codes and links for signing in."""
    rows = rows.filter(visible_to(page.user), is_account_mail=False).defer("html_body", "sealed_body")
    messages = list(page.newest(rows, "created_at"))
    keys = [int(message.about.partition(":")[2]) for message in messages if message.kind == StaffLetter.name]
    letters = Note.objects.filter(pk__in=keys).select_related("by") if keys else ()
    writers = {f"note:{letter.pk}": letter.by for letter in letters}
    for message in messages:
        state = "" if message.state == NotificationState.SENT else message.get_state_display()
        yield StoryEntry(
            message.created_at,
            email_label(message.kind),
            writers.get(message.about) or "",
            ". ".join(filter(None, [_("To %(address)s") % {"address": message.recipient} if message.recipient else "", state])),
            _("Text message") if message.channel == NotificationChannel.SMS else _("Email"),
            reverse("staff:notifications_notification_change", args=[message.pk]),
            f"{message.subject}\n\n{message.text_body}" if message.text_body else "",
        )


register_story_entries(
    Person, lambda person, page: note_entries(Note.objects.filter(person=person), page), permission=VIEW_NOTE_PERMISSION
)
# Two statements, since each condition has an index and their OR has none.
register_story_entries(
    Organisation, lambda obj, page: note_entries(Note.objects.filter(organisation=obj), page), permission=VIEW_NOTE_PERMISSION
)
register_story_entries(
    Organisation,
    lambda obj, page: note_entries(Note.objects.filter(person__organisation=obj), page),
    permission=VIEW_NOTE_PERMISSION,
)
