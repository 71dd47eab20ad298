"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from venice_site import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("gallery/", include("gallery.urls")),
    path("chat/", include("chat.urls")),
    path("usage/", include("venice_site.venice.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "venice_site.views.bad_request"
handler403 = "venice_site.views.permission_denied"
handler404 = "venice_site.views.page_not_found"
handler500 = "venice_site.views.server_error"
