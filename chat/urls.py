"""Addresses of the chat."""

from django.urls import path

from chat import views, views_attaching, views_list, views_moving, views_sharing

app_name = "chat"

urlpatterns = [
    path("", views.index, name="index"),
    path("search", views_list.search, name="search"),
    path("selected", views_list.selected, name="selected"),
    path("bring-back", views_list.bring_back, name="bring_back"),
    path("folders/", views_list.folders, name="folders"),
    path("folders/<int:folder_id>/", views_list.folder, name="folder"),
    path("folders/<int:folder_id>/delete", views_list.delete_folder, name="delete_folder"),
    path("shares/", views_sharing.shares, name="shares"),
    path("shared/<str:token>/", views_sharing.shared, name="shared"),
    path(
        "shared/<str:token>/pictures/<int:number>/",
        views_sharing.shared_picture_file,
        name="shared_picture",
    ),
    path("team/<int:pk>/", views_sharing.team, name="team"),
    path(
        "team/<int:pk>/pictures/<int:attachment_id>/",
        views_sharing.team_picture,
        name="team_picture",
    ),
    path("parcels/", views_moving.parcels, name="parcels"),
    path("parcels/<int:parcel_id>/", views_moving.parcel, name="parcel"),
    path("parcels/<int:parcel_id>/file", views_moving.parcel_file, name="parcel_file"),
    path("<int:pk>/sharing", views_sharing.sharing, name="sharing"),
    path("<int:pk>/export.<str:form>", views_moving.export, name="export"),
    path("<int:pk>/at/<int:message_id>", views_list.jump, name="jump"),
    path("<int:pk>/close", views_list.close, name="close"),
    path("<int:pk>/", views.conversation, name="conversation"),
    path("<int:pk>/entry", views.entry, name="entry"),
    path("<int:pk>/settings", views.settings, name="settings"),
    path("<int:pk>/rename", views.rename, name="rename"),
    path("<int:pk>/delete", views.delete, name="delete"),
    path("<int:pk>/restore", views.restore, name="restore"),
    path("<int:pk>/stop", views.stop, name="stop"),
    path("<int:pk>/messages/<int:message_id>/edit", views.edit, name="edit"),
    path("<int:pk>/messages/<int:message_id>/source", views.source, name="source"),
    path("<int:pk>/replies/<int:reply_id>/", views.reply, name="reply"),
    path("<int:pk>/replies/<int:reply_id>/stream", views.stream, name="stream"),
    path("<int:pk>/replies/<int:reply_id>/again", views.try_again, name="try_again"),
    path("<int:pk>/replies/<int:reply_id>/continue", views.go_on, name="go_on"),
    path("<int:pk>/context", views_attaching.context, name="context"),
    path("attachments/", views_attaching.attachments, name="attachments"),
    path("attachments/<int:attachment_id>/", views_attaching.attachment, name="attachment"),
    path(
        "attachments/<int:attachment_id>/remove",
        views_attaching.remove_attachment,
        name="remove_attachment",
    ),
]
