"""Addresses of the gallery."""

from django.urls import path

from gallery import (
    joining,
    keeping,
    ordering,
    remaking,
    sheets,
    views,
    views_archives,
    views_collections,
    views_finding,
    views_importing,
    views_organising,
    views_sharing,
    views_trash,
    waiting,
)

app_name = "gallery"

urlpatterns = [
    path("", views.index, name="index"),
    path("form", ordering.settings, name="form"),
    path("price", ordering.price, name="price"),
    path("prompts", ordering.prompts, name="prompts"),
    path("presets/", keeping.presets, name="presets"),
    path("presets/<int:preset_id>/delete", keeping.delete_preset, name="delete_preset"),
    path("word-lists/", keeping.wordlists, name="wordlists"),
    path("word-lists/<int:pk>/", keeping.wordlist, name="wordlist"),
    path("word-lists/<int:pk>/delete", keeping.delete_wordlist, name="delete_wordlist"),
    path("remake/", remaking.remake, name="remake"),
    path("remake/<slug:action>", remaking.press, name="press"),
    path("import/", views_importing.index, name="import"),
    path("queue/", waiting.queue, name="queue"),
    path("queue/news", waiting.news, name="news"),
    path("queue/cancel", waiting.cancel_all, name="cancel_all"),
    path("queue/again", waiting.again_all, name="again_all"),
    path("queue/pause", waiting.pause, name="pause"),
    path("queue/continue", waiting.move_on, name="move_on"),
    path("batches/<int:batch_id>/", sheets.batch, name="batch"),
    path("batches/<int:batch_id>/cancel", sheets.cancel_batch, name="cancel_batch"),
    path("images/<int:pk>/", views.image, name="image"),
    path("images/<int:pk>/card", views.card, name="card"),
    path("images/<int:pk>/cancel", views.cancel, name="cancel"),
    path("images/<int:pk>/again", views.try_again, name="again"),
    path("images/<int:pk>/delete", views.delete, name="delete"),
    path("images/<int:pk>/restore", views.restore, name="restore"),
    path("images/<int:pk>/original", views.original, name="original"),
    path("images/<int:pk>/download", views.download, name="download"),
    path("images/<int:pk>/plain", views.plain, name="plain"),
    path("images/<int:pk>/<int:longest>.webp", views.rendition, name="rendition"),
    # sharing, and how one looks at pictures
    path("images/<int:pk>/share", views_sharing.share_image, name="share_image"),
    path(
        "collections/<int:collection_id>/share",
        views_sharing.share_collection,
        name="share_collection",
    ),
    path("shares/", views_sharing.shares, name="shares"),
    path("shares/<int:share_id>/end", views_sharing.end_share, name="end_share"),
    path("shared/<str:token>/", views_sharing.shared, name="shared"),
    path("shared/<str:token>/<str:digest>/", views_sharing.shared_picture, name="shared_picture"),
    path(
        "shared/<str:token>/<str:digest>/<int:longest>.webp",
        views_sharing.shared_rendition,
        name="shared_rendition",
    ),
    path(
        "shared/<str:token>/<str:digest>/download",
        views_sharing.shared_download,
        name="shared_download",
    ),
    path("veils", views_organising.veils, name="veils"),
    # what the chat asks for
    path("picker", joining.picker, name="picker"),
    path("made-of-messages", joining.made_of_messages, name="made_of_messages"),
    # finding
    path("filters", views_finding.filters, name="filters"),
    path("searches/", views_finding.save_search, name="save_search"),
    path("searches/<int:search_id>/forget", views_finding.forget_search, name="forget_search"),
    path("compare", views_finding.compare, name="compare"),
    # organising
    path("images/<int:pk>/favourite", views_organising.favourite, name="favourite"),
    path("images/<int:pk>/organise", views_organising.organise, name="organise"),
    path("selection", views_organising.selection, name="selection"),
    path("trash/", views_trash.index, name="trash"),
    path("trash/restore", views_trash.restore, name="restore_many"),
    path("trash/empty", views_trash.empty, name="empty_trash"),
    path("collections/", views_collections.index, name="collections"),
    path("collections/<int:collection_id>/", views_collections.collection, name="collection"),
    path("collections/<int:collection_id>/edit", views_collections.edit, name="edit_collection"),
    path(
        "collections/<int:collection_id>/remove", views_collections.remove, name="remove_collection"
    ),
    path("archives/", views_archives.index, name="archives"),
    path("archives/<int:archive_id>/", views_archives.archive, name="archive"),
    path("archives/<int:archive_id>/file", views_archives.file, name="archive_file"),
    path("archives/<int:archive_id>/remove", views_archives.remove, name="remove_archive"),
    path("storage", views_archives.storage, name="storage"),
]
