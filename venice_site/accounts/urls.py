"""Signing in and out; only the addresses that are used."""

from allauth.account import views
from django.conf import settings
from django.urls import path

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", views.password_change, name="account_change_password"),
]

if settings.SIGN_UP_OPEN:
    urlpatterns.append(path("signup/", views.signup, name="account_signup"))
