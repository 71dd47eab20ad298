from django.db import migrations

from chat import search_index


def build_index(apps, schema_editor):
    search_index.build(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [('chat', '0006_attachments')]

    operations = [migrations.RunPython(build_index, migrations.RunPython.noop)]
