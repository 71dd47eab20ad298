"""Who gets in where: every address, for everybody. An address that nobody classified fails."""

import re
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

SIGN_IN = "/accounts/login/"

OPEN = {
    "healthz",
    "chat/shared/<str:token>/",
    "chat/shared/<str:token>/pictures/<int:number>/",
    "gallery/shared/<str:token>/",
    "gallery/shared/<str:token>/<str:digest>/",
    "gallery/shared/<str:token>/<str:digest>/<int:longest>.webp",
    "gallery/shared/<str:token>/<str:digest>/download",
    "accounts/login/",
    "accounts/logout/",
    "accounts/inactive/",
    "admin/login/",
    "admin/logout/",
}
MEMBERS = {
    "",
    "gallery/",
    "gallery/form",
    "gallery/import/",
    "gallery/filters",
    "gallery/searches/",
    "gallery/selection",
    "gallery/trash/",
    "gallery/trash/restore",
    "gallery/trash/empty",
    "gallery/collections/",
    "gallery/archives/",
    "gallery/storage",
    "gallery/price",
    "gallery/prompts",
    "gallery/presets/",
    "gallery/queue/",
    "gallery/queue/news",
    "gallery/queue/cancel",
    "gallery/queue/again",
    "gallery/word-lists/",
    "gallery/shares/",
    "gallery/veils",
    "gallery/picker",
    "gallery/made-of-messages",
    "chat/about",
    "chat/",
    "chat/search",
    "chat/folders/",
    "chat/models",
    "chat/outlook",
    "chat/settings",
    "chat/personas/",
    "chat/personas/new",
    "chat/characters/",
    "chat/prompts/",
    "chat/prompts/new",
    "chat/prompts/like",
    "chat/shares/",
    "chat/parcels/",
    "chat/attachments/",
    "usage/",
    "accounts/password/change/",
    "admin/password_change/",
}
# What members press, not open: what is chosen there must be their own.
PRESSED = {"chat/selected", "chat/bring-back"}
# What members type into, kept without a page of its own.
TYPED = {"chat/draft"}
TEAM_THINGS = {
    "gallery/word-lists/<int:pk>/",
    "gallery/word-lists/<int:pk>/delete",
}
STAFF_ONLY = {
    "gallery/queue/pause",
    "gallery/queue/continue",
}
OWN_THINGS = {
    "gallery/batches/<int:batch_id>/",
    "gallery/batches/<int:batch_id>/cancel",
    "gallery/presets/<int:preset_id>/delete",
    "gallery/remake/",
    "gallery/remake/<slug:action>",
    "gallery/images/<int:pk>/",
    "gallery/images/<int:pk>/card",
    "gallery/images/<int:pk>/cancel",
    "gallery/images/<int:pk>/again",
    "gallery/images/<int:pk>/delete",
    "gallery/images/<int:pk>/restore",
    "gallery/images/<int:pk>/original",
    "gallery/images/<int:pk>/download",
    "gallery/images/<int:pk>/plain",
    "gallery/images/<int:pk>/<int:longest>.webp",
    "gallery/images/<int:pk>/favourite",
    "gallery/images/<int:pk>/organise",
    "gallery/compare",
    "gallery/images/<int:pk>/share",
    "gallery/collections/<int:collection_id>/share",
    "gallery/shares/<int:share_id>/end",
    "gallery/searches/<int:search_id>/forget",
    "gallery/collections/<int:collection_id>/",
    "gallery/collections/<int:collection_id>/edit",
    "gallery/collections/<int:collection_id>/remove",
    "gallery/archives/<int:archive_id>/",
    "gallery/archives/<int:archive_id>/file",
    "gallery/archives/<int:archive_id>/remove",
    "chat/<int:pk>/",
    "chat/<int:pk>/at/<int:message_id>",
    "chat/<int:pk>/close",
    "chat/<int:pk>/stay",
    "chat/<int:pk>/menu",
    "chat/<int:pk>/sharing",
    "chat/<int:pk>/export.<str:form>",
    "chat/team/<int:pk>/",
    "chat/team/<int:pk>/news",
    "chat/team/<int:pk>/replies/<int:reply_id>/",
    "chat/team/<int:pk>/replies/<int:reply_id>/stream",
    "chat/team/<int:pk>/pictures/<int:attachment_id>/",
    "chat/folders/<int:folder_id>/",
    "chat/folders/<int:folder_id>/delete",
    "chat/parcels/<int:parcel_id>/",
    "chat/parcels/<int:parcel_id>/file",
    "chat/<int:pk>/entry",
    "chat/<int:pk>/settings",
    "chat/<int:pk>/tune",
    "chat/personas/<int:persona_id>/",
    "chat/personas/<int:persona_id>/delete",
    "chat/prompts/<int:prompt_id>/",
    "chat/prompts/<int:prompt_id>/delete",
    "chat/prompts/<int:prompt_id>/fill",
    "chat/<int:pk>/rename",
    "chat/<int:pk>/delete",
    "chat/<int:pk>/restore",
    "chat/<int:pk>/stop",
    "chat/<int:pk>/draft",
    "chat/<int:pk>/news",
    "chat/<int:pk>/queue/go-on",
    "chat/<int:pk>/queue/<int:queued_id>/edit",
    "chat/<int:pk>/queue/<int:queued_id>/first",
    "chat/<int:pk>/queue/<int:queued_id>/delete",
    "chat/<int:pk>/messages/<int:message_id>/fork",
    "chat/<int:pk>/replies/<int:reply_id>/stop",
    "chat/<int:pk>/replies/<int:reply_id>/go-on",
    "chat/<int:pk>/messages/<int:message_id>/edit",
    "chat/<int:pk>/messages/<int:message_id>/source",
    "chat/<int:pk>/replies/<int:reply_id>/",
    "chat/<int:pk>/replies/<int:reply_id>/stream",
    "chat/<int:pk>/replies/<int:reply_id>/again",
    "chat/<int:pk>/replies/<int:reply_id>/continue",
    "chat/attachments/<int:attachment_id>/",
    "chat/messages/<int:message_id>/",
    "chat/messages/<int:message_id>/words",
    "chat/attachments/<int:attachment_id>/remove",
    "chat/<int:pk>/context",
}
PAGES_OF_OWN_THINGS = {
    "gallery/images/<int:pk>/",
    "gallery/collections/<int:collection_id>/",
    "gallery/collections/<int:collection_id>/share",
    "chat/<int:pk>/",
    "chat/<int:pk>/menu",
    "chat/<int:pk>/sharing",
    "chat/messages/<int:message_id>/words",
    "chat/<int:pk>/export.<str:form>",
    "chat/folders/<int:folder_id>/",
    "chat/personas/<int:persona_id>/",
    "chat/prompts/<int:prompt_id>/",
    "chat/prompts/<int:prompt_id>/fill",
    "gallery/batches/<int:batch_id>/",
}


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + text_of(pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


def text_of(pattern: URLPattern | URLResolver) -> str:
    inner = pattern.pattern
    if isinstance(inner, RoutePattern):
        return str(inner)
    assert isinstance(inner, RegexPattern)
    return str(inner).removeprefix("^").removesuffix("$")


ROUTES = sorted(set(routes(get_resolver())))
ADMINISTRATORS = [r for r in ROUTES if r.startswith("admin/") and r not in OPEN | MEMBERS]
CLOSED = [r for r in ROUTES if r not in OPEN]


def address(route: str, **values: int) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        words = {"app_label": "accounts", "form": "md", "token": "no-such-token"}
        return str(values.get(name, words.get(name, 1)))

    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", value, route)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", value, route)


def ask(client: Client, where: str):
    """Ask as the address wants to be asked; what comes as a stream is read to its end, which closes it."""
    answer = client.get(where)
    if answer.status_code == 405:
        answer = client.post(where)
    if answer.streaming:
        answer.getvalue()
    return answer


def is_asked_to_sign_in(answer) -> bool:
    chain = answer.redirect_chain
    return bool(chain) and chain[-1][0].startswith(SIGN_IN) and answer.status_code == 200


@pytest.fixture
def things(alice) -> dict[str, dict[str, int]]:
    """Things of Alice that she keeps to herself, by room."""
    from chat.models import (
        Attachment,
        Conversation,
        Folder,
        Message,
        Parcel,
        Persona,
        Prompt,
        QueuedMessage,
    )
    from gallery.models import (
        Archive,
        Batch,
        Collection,
        Generation,
        Image,
        Preset,
        SavedSearch,
        Share,
    )

    batch = Batch.objects.create(user=alice, request_id="one", typed="A heron")
    generation = Generation.objects.create(
        user=alice, request_id="one", prompt="A heron", model="m", visibility="private", batch=batch
    )
    preset = Preset.objects.create(user=alice, name="Ink")
    image = Image.objects.create(generation=generation, seed=1, status="failed")
    collection = Collection.objects.create(owner=alice, name="Herons", is_private=True)
    search = SavedSearch.objects.create(user=alice, name="Herons", query="heron")
    archive = Archive.objects.create(user=alice, images=[image.pk], total=1)
    talk = Conversation.objects.create(owner=alice, title="Herons", model="m")
    asked = Message.objects.create(
        conversation=talk, role="user", author=alice, text="Why one leg?", status="succeeded"
    )
    reply = Message.objects.create(
        conversation=talk, role="assistant", parent=asked, text="Warmth.", status="succeeded"
    )
    Conversation.objects.filter(pk=talk.pk).update(tip=reply)
    attachment = Attachment.objects.create(
        message=asked, mime="image/png", file="none.png", width=1, height=1
    )
    return {
        "gallery": {
            "pk": image.pk,
            "longest": 256,
            "collection_id": collection.pk,
            "search_id": search.pk,
            "archive_id": archive.pk,
            "batch_id": batch.pk,
            "preset_id": preset.pk,
            "share_id": Share.objects.create(owner=alice, collection=collection, digest="0").pk,
        },
        "chat": {
            "pk": talk.pk,
            "message_id": asked.pk,
            "reply_id": reply.pk,
            "attachment_id": attachment.pk,
            "queued_id": QueuedMessage.objects.create(
                conversation=talk, author=alice, request_id=uuid.uuid4(), text="And two?"
            ).pk,
            "folder_id": Folder.objects.create(owner=alice, name="Birds").pk,
            "persona_id": Persona.objects.create(
                owner=alice, name="Ada", system_prompt="Teach."
            ).pk,
            "prompt_id": Prompt.objects.create(owner=alice, name="Birds", text="About {{bird}}").pk,
            "parcel_id": Parcel.objects.create(owner=alice, direction="out").pk,
        },
    }


def place(route: str, things: dict[str, dict[str, int]]) -> str:
    return address(route, **things[route.partition("/")[0]])


def test_every_address_is_classified() -> None:
    known = (
        OPEN
        | MEMBERS
        | PRESSED
        | TYPED
        | TEAM_THINGS
        | STAFF_ONLY
        | OWN_THINGS
        | set(ADMINISTRATORS)
    )
    assert set(ROUTES) - known == set(), "say in this file who may open it"
    assert known - set(ROUTES) == set(), "these are gone"


@pytest.mark.parametrize("route", CLOSED)
def test_a_stranger_is_asked_to_sign_in(db, route: str) -> None:
    client, where = Client(), address(route)
    assert is_asked_to_sign_in(client.get(where, follow=True))
    assert is_asked_to_sign_in(client.post(where, follow=True))


@pytest.mark.parametrize("route", CLOSED)
def test_a_suspended_person_is_asked_to_sign_in(as_alice, alice, route: str) -> None:
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert is_asked_to_sign_in(as_alice.get(address(route), follow=True))


@pytest.mark.parametrize("route", sorted(OPEN))
def test_an_open_address_answers_a_stranger(client, db, route: str) -> None:
    nowhere = 404 if "token" in route else 200
    assert client.get(address(route)).status_code in (nowhere, 302)


@pytest.mark.parametrize("route", sorted(MEMBERS))
def test_a_member_gets_in(as_alice, simulator, route: str) -> None:
    assert ask(as_alice, address(route)).status_code in (200, 302)


@pytest.mark.parametrize("route", sorted(PRESSED))
def test_a_member_who_presses_nothing_is_shown_back(as_alice, route: str) -> None:
    assert ask(as_alice, address(route)).status_code == 302


@pytest.mark.parametrize("route", sorted(TYPED))
def test_a_member_who_types_nothing_is_refused(as_alice, route: str) -> None:
    assert ask(as_alice, address(route)).status_code == 422


@pytest.mark.parametrize("route", sorted(TEAM_THINGS))
def test_what_belongs_to_the_team_opens_for_every_member(as_bob, route: str) -> None:
    from gallery.models import WordList

    kept = WordList.objects.create(name="animal", text="heron")
    assert ask(as_bob, address(route, pk=kept.pk)).status_code in (200, 302)


@pytest.mark.parametrize("route", sorted(STAFF_ONLY))
def test_some_buttons_are_the_administrators_alone(as_alice, as_administrator, route: str) -> None:
    assert ask(as_alice, address(route)).status_code == 403
    assert ask(as_administrator, address(route)).status_code == 302


@pytest.mark.parametrize("route", ADMINISTRATORS)
def test_the_admin_panel_is_closed_to_members(as_alice, route: str) -> None:
    assert as_alice.get(address(route), follow=True).status_code == 403


@pytest.mark.parametrize("route", [r for r in ADMINISTRATORS if not re.search(r"[<(]", r)])
def test_the_admin_panel_is_open_to_administrators(as_administrator, route: str) -> None:
    # Some rows are not made by hand, and the search behind a field wants to know which field.
    closed = route.endswith(("/add/", "/autocomplete/"))
    allowed = {200, 302, 403} if closed else {200, 302}
    assert as_administrator.get(address(route)).status_code in allowed


@pytest.mark.parametrize("route", sorted(OWN_THINGS))
def test_private_things_do_not_exist_for_a_team_mate(as_bob, things, route: str) -> None:
    assert ask(as_bob, place(route, things)).status_code == 404


@pytest.mark.parametrize("route", sorted(OWN_THINGS))
def test_private_things_do_not_exist_for_an_administrator(
    as_administrator, things, route: str
) -> None:
    assert ask(as_administrator, place(route, things)).status_code == 404


@pytest.mark.parametrize("route", sorted(PAGES_OF_OWN_THINGS))
def test_private_things_open_for_their_owner(as_alice, simulator, things, route: str) -> None:
    assert ask(as_alice, place(route, things)).status_code == 200
