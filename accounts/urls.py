"""Sign-in and credentials: only the allauth routes that we use, under allauth's names."""

from allauth.account import views as allauth_account
from allauth.mfa.base import views as allauth_mfa
from django.urls import path

from accounts import views

urlpatterns = [
    # Where the user is signed in
    path("sessions/", views.own_sessions, name="account_sessions"),
    path("sessions/end-others/", views.end_other_sessions, name="account_sessions_end_others"),
    path("sessions/<uuid:public_id>/end/", views.end_session, name="account_session_end"),
    path("mobile/", views.own_mobile, name="account_mobile"),
    path("sent-late/", views.unsubmitted_form_page, name="account_sent_late"),
    # In and out
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("signup/", views.SignInRedirectView.as_view(), name="account_signup"),  # an older page, now the one above
    path("login/password/", views.PasswordSignInView.as_view(), name="account_login_password"),
    path("login/code/", views.SignInRedirectView.as_view(), name="account_request_login_code"),
    path("login/code/confirm/", views.SignInCodeView.as_view(), name="account_confirm_login_code"),
    path("logout/", allauth_account.logout, name="account_logout"),
    path("inactive/", allauth_account.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("reauthenticate/code/", views.ReauthenticationCodeView.as_view(), name="account_reauthenticate_code"),
    # Address
    path("email/", views.NewAddressView.as_view(), name="account_email"),
    path("email/returned/", views.returned_mail, name="account_returned_mail"),
    path("confirm-email/", views.AddressCodeView.as_view(), name="account_email_verification_sent"),
    # Password
    path("password/change/", views.ChangePasswordView.as_view(), name="account_change_password"),
    path("password/set/", views.SetPasswordView.as_view(), name="account_set_password"),
    path("password/reset/", views.ForgottenPasswordView.as_view(), name="account_reset_password"),
    path("password/reset/confirm/", views.ResetCodeView.as_view(), name="account_confirm_password_reset_code"),
    path("password/reset/complete/", views.ResetPasswordView.as_view(), name="account_complete_password_reset"),
    path("password/reset/done/", allauth_account.password_reset_from_key_done, name="account_password_reset_completed"),
    # Passkeys
    path("passkeys/", views.own_passkeys, name="mfa_list_webauthn"),
    path("passkeys/add/", views.add_passkey, name="mfa_add_webauthn"),
    path("passkeys/<int:passkey_id>/rename/", views.rename_passkey, name="mfa_edit_webauthn"),
    path("passkeys/<int:passkey_id>/remove/", views.remove_passkey, name="mfa_remove_webauthn"),
    path("passkeys/options/", views.passkey_sign_in_options, name="account_passkey_options"),
    path("passkeys/sign-in/", views.PasskeySignInView.as_view(), name="mfa_login_webauthn"),
    path("passkeys/again/", views.ReauthenticatePasskeyView.as_view(), name="mfa_reauthenticate_webauthn"),
    # Second factor
    path("2fa/", allauth_mfa.index, name="mfa_index"),
    path("2fa/authenticate/", views.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("2fa/reauthenticate/", views.ReauthenticateSecondFactorView.as_view(), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", views.ActivateAppView.as_view(), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", views.StopAppView.as_view(), name="mfa_deactivate_totp"),
    path("2fa/totp/qr.svg", views.totp_qr, name="mfa_totp_qr"),
    path("2fa/recovery-codes/", views.RecoveryCodesView.as_view(), name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", views.NewRecoveryCodesView.as_view(), name="mfa_generate_recovery_codes"),
]
