"""People and groups in the admin panel."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from venice_site.accounts.models import User

admin.site.site_header = "Venice Studio"
admin.site.site_title = "Venice Studio"
admin.site.index_title = "Administration"


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    """People: name, role, groups; suspended people stay, with everything they made."""

    list_display = ("username", "name", "role", "is_active", "last_login", "date_joined")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("groups",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Role",
            {
                "fields": ("is_active", "is_staff", "groups"),
                "description": "An administrator opens this panel; everyone else is a member. "
                "Somebody who may not sign in any more is suspended: switch “Active” off.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(ordering="first_name")
    def name(self, person: User) -> str:
        """Return the full name, or nothing."""
        return person.get_full_name()

    @admin.display(ordering="is_staff")
    def role(self, person: User) -> str:
        """Return the role in the team's words."""
        return "administrator" if person.is_administrator else "member"

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Forbid deleting people: the ledger and their work stay theirs."""
        return False
