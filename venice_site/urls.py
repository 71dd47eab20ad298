"""Every address of the product."""

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from venice_site import views

# The admin panel has no sign-in of its own: ours has rate limits and, one day, second factors.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("chat/", include("chat.urls")),
    path("gallery/", include("gallery.urls")),
    path("usage/", include("venice_site.venice.urls")),
    path("accounts/", include("venice_site.accounts.urls")),
    path("admin/logout/", logout),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
]

handler400 = "venice_site.views.bad_request"
handler403 = "venice_site.views.permission_denied"
handler404 = "venice_site.views.page_not_found"
handler429 = "venice_site.views.too_many_requests"
handler500 = "venice_site.views.server_error"
