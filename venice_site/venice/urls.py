"""Addresses of the usage page."""

from django.urls import path

from venice_site.venice import views

urlpatterns = [path("", views.usage, name="usage")]
