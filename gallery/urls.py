"""Addresses of the gallery."""

from django.urls import path

from gallery import views

app_name = "gallery"

urlpatterns = [
    path("", views.index, name="index"),
    path("form", views.settings, name="form"),
    path("images/<int:pk>/", views.image, name="image"),
    path("images/<int:pk>/card", views.card, name="card"),
    path("images/<int:pk>/cancel", views.cancel, name="cancel"),
    path("images/<int:pk>/again", views.try_again, name="again"),
    path("images/<int:pk>/delete", views.delete, name="delete"),
    path("images/<int:pk>/restore", views.restore, name="restore"),
    path("images/<int:pk>/original", views.original, name="original"),
    path("images/<int:pk>/download", views.download, name="download"),
    path("images/<int:pk>/<int:longest>.webp", views.rendition, name="rendition"),
]
