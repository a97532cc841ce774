from django import forms


class SignUpDetailsForm(forms.Form):
    def signup(self, request, user):
        pass
