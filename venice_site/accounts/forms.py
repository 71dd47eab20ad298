"""The sign-in form."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.core.exceptions import ValidationError

from venice_site.accounts.models import User

MISMATCH = "username_password_mismatch"
WRONG = "This username and password do not belong together. Check both and try again."
TOO_MANY = "That was too often. Wait five minutes, then try again."
SUSPENDED = "Your account is suspended. Ask an administrator to open it again."


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth ships no types
    """Username and password; the right password of a suspended account is told what is wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any] | None:
        """Sign the person in, or say in our words why not."""
        try:
            cleaned: dict[str, Any] | None = super().clean()
        except ValidationError as refusal:
            raise ValidationError(self._sentence(refusal), code=refusal.code) from refusal
        return cleaned

    def _sentence(self, refusal: ValidationError) -> str:
        if refusal.code != MISMATCH:
            return TOO_MANY
        return SUSPENDED if self._is_suspended() else WRONG

    def _is_suspended(self) -> bool:
        person = User.objects.filter(username=self.cleaned_data["login"], is_active=False).first()
        return person is not None and person.check_password(self.cleaned_data["password"])
