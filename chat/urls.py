"""Addresses of the chat."""

from django.urls import path

from chat import views

app_name = "chat"

urlpatterns = [
    path("", views.index, name="index"),
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
    path("attachments/<int:attachment_id>/", views.attachment, name="attachment"),
]
