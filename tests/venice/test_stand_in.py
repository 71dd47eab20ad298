"""Whether the stand-in answers is looked up seldom, and known at once where a key is changed."""

from venice_site.venice.stand_in import on_stand_in


def test_it_is_looked_up_once_for_many_questions(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert on_stand_in()
        assert on_stand_in()


def test_a_key_that_is_added_switched_off_or_removed_counts_at_once(make_key):
    assert on_stand_in()
    key = make_key()
    assert not on_stand_in()
    key.enabled = False
    key.save()
    assert on_stand_in()
    make_key("another")
    assert not on_stand_in()
    type(key).objects.all().delete()
    assert on_stand_in()
