"""The library of prompts: found, shared, filled in."""

import pytest
from django.test import Client

from chat.models import Prompt
from chat.prompts import read_tags, variables_of
from tests.chat.conftest import HTMX


@pytest.fixture
def keep(alice):
    """Return a function that keeps a prompt of Alice."""

    def make(name: str = "Summary", text: str = "Sum up {{text}} for {{who}}.", **facts) -> Prompt:
        return Prompt.objects.create(owner=alice, name=name, text=text, **facts)

    return make


def found(client: Client, query: str = "") -> str:
    return client.get("/chat/prompts/", {"q": query}).text


def test_a_library_without_prompts_says_how_to_begin(simulator, as_alice: Client) -> None:
    assert "{{topic}}" in found(as_alice)


def test_a_prompt_is_kept_with_its_tags(simulator, as_alice: Client, alice) -> None:
    form = {"name": " Tide  table ", "text": "Tides of {{place}}", "tags": "#Sea, water;sea"}
    assert as_alice.post("/chat/prompts/new", form).status_code == 302
    kept = Prompt.objects.get(owner=alice)
    assert (kept.name, kept.tag_list, kept.shared) == ("Tide table", ["sea", "water"], False)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "text": "x"}, "A prompt needs a name."),
        ({"name": "summary", "text": "x"}, "You have a prompt of this name already."),
        ({"name": "n", "text": " "}, "Write the text of the prompt."),
        ({"name": "n", "text": "x", "tags": "a b c d e f g h i"}, "8 tags at most"),
        ({"name": "n", "text": "x", "tags": "a" * 31}, "30 characters at most"),
        ({"name": "n", "text": " ".join(f"{{{{v{n}}}}}" for n in range(21))}, "20 places"),
    ],
)
def test_what_a_prompt_lacks_is_said(simulator, as_alice: Client, keep, form, said) -> None:
    keep()
    page = as_alice.post("/chat/prompts/new", form)
    assert page.status_code == 422
    assert said in page.text


def test_prompts_are_found_by_name_text_and_tag(simulator, as_alice: Client, keep) -> None:
    keep("Tides", "About the sea", tags="water")
    keep("Letters", "A letter to {{who}}", tags="post")
    assert "Tides" in found(as_alice, "sea")
    assert "Tides" in found(as_alice, "#water")
    assert "Letters" not in found(as_alice, "sea")
    assert "No prompt holds" in found(as_alice, "#sea")


def test_a_shared_prompt_is_used_by_the_team_and_changed_by_its_owner_alone(
    simulator, as_bob: Client, keep
) -> None:
    own, shared = keep("Her own"), keep("Shared", shared=True)
    assert "Her own" not in found(as_bob)
    assert "Shared" in found(as_bob)
    assert as_bob.get(f"/chat/prompts/{own.pk}/fill").status_code == 404
    as_bob.post(f"/chat/prompts/{shared.pk}/", {"name": "Bob's", "text": "x"})
    assert as_bob.post(f"/chat/prompts/{shared.pk}/delete").status_code == 404
    shared.refresh_from_db()
    assert shared.name == "Shared"


def test_places_are_asked_for_once_each_in_their_order(simulator, as_alice: Client, keep) -> None:
    kept = keep(text="{{b}} and {{ a }} and {{b}} but not {{}} or {c}")
    assert kept.variables == ["b", "a"]
    page = as_alice.get(f"/chat/prompts/{kept.pk}/fill").text
    assert page.index(">b</label>") < page.index(">a</label>")


def test_what_is_filled_in_is_put_into_the_message(simulator, as_alice: Client, keep) -> None:
    kept = keep()
    address = f"/chat/prompts/{kept.pk}/fill"
    values = {"place0": "a {{who}} <b>", "place1": "children"}
    filled = as_alice.post(address, values, headers=HTMX)
    assert filled["Content-Type"] == "text/plain; charset=utf-8"
    assert filled.content.decode() == "Sum up a {{who}} <b> for children."
    page = as_alice.post(address, values, follow=True)
    assert page.redirect_chain[-1][0] == "/chat/"
    assert "Sum up a {{who}} &lt;b&gt; for children.</textarea>" in page.text
    assert "Sum up" not in as_alice.get("/chat/").text  # it is put in once


def test_an_empty_place_is_refused_with_its_name(simulator, as_alice: Client, keep) -> None:
    refused = as_alice.post(f"/chat/prompts/{keep().pk}/fill", {"place0": "x"}, headers=HTMX)
    assert refused.status_code == 422
    assert "Fill in who." in refused.text


def test_more_than_a_message_holds_is_refused(simulator, as_alice: Client, keep) -> None:
    kept = keep(text=" ".join(f"{{{{v{n}}}}}" for n in range(6)))
    values = {f"place{n}": "x" * 20_000 for n in range(6)}
    refused = as_alice.post(f"/chat/prompts/{kept.pk}/fill", values, headers=HTMX)
    assert refused.status_code == 422
    assert "100,000 characters at most" in refused.text


def test_a_slash_offers_what_is_named_like_that(simulator, as_alice: Client, keep) -> None:
    keep("Tides", "About {{sea}}")
    keep("Letters", "Dear all")
    options = as_alice.get("/chat/prompts/like", {"q": "tid"}, headers=HTMX).text
    assert options.count('role="option"') == 1
    assert "data-has-places" in options
    assert "data-has-places" not in as_alice.get("/chat/prompts/like", {"q": "lett"}).text
    assert 'role="option"' not in as_alice.get("/chat/prompts/like", {"q": "sea"}).text


def test_names_of_places_and_tags_are_read_with_care() -> None:
    assert variables_of("{{a\nb}} {{{c}}} {{ d e }}") == ["c", "d e"]
    assert read_tags("") == read_tags("# , ;") == []
