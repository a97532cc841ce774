"""Sign-in, sign-up and what opens an account. Of allauth's routes only those that we use exist, under allauth's names."""

from allauth.account import views as allauth_account
from django.urls import path

from accounts import views
from accounts import views as account
from accounts import views as second_factor
from accounts import views as signed_in
from accounts.views import ReauthenticationCodeView, returned_mail

urlpatterns = [
    # Where one is signed in
    path("sessions/", signed_in.own_sessions, name="account_sessions"),
    path("sessions/end-others/", signed_in.end_other_sessions, name="account_sessions_end_others"),
    path("sessions/<uuid:public_id>/end/", signed_in.end_session, name="account_session_end"),
    path("sent-late/", signed_in.unsubmitted_form_page, name="account_sent_late"),
    # In and out
    path("signup/", account.SignUpView.as_view(), name="account_signup"),
    path("login/", account.SignInView.as_view(), name="account_login"),
    path("login/password/", account.PasswordSignInView.as_view(), name="account_login_password"),
    path("login/code/", account.RequestCodeView.as_view(), name="account_request_login_code"),
    path("login/code/confirm/", account.SignInCodeView.as_view(), name="account_confirm_login_code"),
    path("logout/", allauth_account.logout, name="account_logout"),
    path("inactive/", allauth_account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("reauthenticate/code/", ReauthenticationCodeView.as_view(), name="account_reauthenticate_code"),
    # Address
    path("email/", account.NewAddressView.as_view(), name="account_email"),
    path("email/returned/", returned_mail, name="account_returned_mail"),
    path("confirm-email/", account.AddressCodeView.as_view(), name="account_email_verification_sent"),
    # Password
    path("password/change/", account.ChangePasswordView.as_view(), name="account_change_password"),
    path("password/set/", account.SetPasswordView.as_view(), name="account_set_password"),
    path("password/reset/", account.ForgottenPasswordView.as_view(), name="account_reset_password"),
    path("password/reset/confirm/", account.ResetCodeView.as_view(), name="account_confirm_password_reset_code"),
    path("password/reset/complete/", account.ResetPasswordView.as_view(), name="account_complete_password_reset"),
    path("password/reset/done/", allauth_account.password_reset_from_key_done, name="account_password_reset_completed"),
    # Passkeys
    path("passkeys/", views.own_passkeys, name="mfa_list_webauthn"),
    path("passkeys/add/", views.add_passkey, name="mfa_add_webauthn"),
    path("passkeys/<int:passkey_id>/rename/", views.rename_passkey, name="mfa_edit_webauthn"),
    path("passkeys/<int:passkey_id>/remove/", views.remove_passkey, name="mfa_remove_webauthn"),
    path("passkeys/options/", views.sign_in_options, name="account_passkey_options"),
    path("passkeys/sign-in/", views.PasskeySignInView.as_view(), name="mfa_login_webauthn"),
    path("passkeys/again/", views.ReauthenticatePasskeyView.as_view(), name="mfa_reauthenticate_webauthn"),
    # Second factor
    path("2fa/", second_factor.second_factor_index, name="mfa_index"),
    path("2fa/authenticate/", second_factor.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("2fa/reauthenticate/", second_factor.ReauthenticateSecondFactorView.as_view(), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", account.ActivateAppView.as_view(), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", account.StopAppView.as_view(), name="mfa_deactivate_totp"),
    path("2fa/totp/qr.svg", second_factor.totp_qr, name="mfa_totp_qr"),
    path("2fa/recovery-codes/", account.RecoveryCodesView.as_view(), name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", account.NewRecoveryCodesView.as_view(), name="mfa_generate_recovery_codes"),
]
