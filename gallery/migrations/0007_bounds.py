from django.db import migrations

# What gallery.bounds looks for. SQLite finds by its full-text index alone and is spared the writing.
INDEXES = {
    "gallery_image_of_model": "gallery_image (model, id)",
    "gallery_image_of_style": "gallery_image (style, id) where style <> ''",
    "gallery_image_of_user": "gallery_image (user_id, id)",
    "gallery_tagging_of_tag": "gallery_tagging (tag_id, image_id)",
}


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, of in INDEXES.items():
            schema_editor.execute(f"create index {name} on {of}")


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"drop index {name}")


class Migration(migrations.Migration):

    dependencies = [("gallery", "0006_a_million")]

    operations = [migrations.RunPython(make, remove)]
