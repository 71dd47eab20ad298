import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import gallery.index
from django.conf import settings
from django.db import migrations, models

from venice_site.schema import CreateModels


class Migration(migrations.Migration):

    replaces = [('gallery', '0001_initial'), ('gallery', '0002_find_and_organise'), ('gallery', '0003_making'), ('gallery', '0004_imported'), ('gallery', '0005_sharing'), ('gallery', '0006_a_million')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('venice', '0001_squashed_0003_model_rests'),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Archive',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('succeeded', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('interrupted', 'Interrupted')], default='queued', max_length=12)),
                    ('call', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='venice.call')),
                    ('claim', models.PositiveIntegerField(default=0, editable=False)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('run_after', models.DateTimeField(blank=True, null=True)),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('error_kind', models.CharField(blank=True, max_length=20)),
                    ('error', models.CharField(blank=True, max_length=500)),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='archives', to=settings.AUTH_USER_MODEL)),
                    ('images', models.JSONField(default=list, help_text='Ids of the pictures.')),
                    ('total', models.PositiveIntegerField(default=0)),
                    ('done', models.PositiveIntegerField(default=0)),
                    ('file', models.CharField(blank=True, help_text='Name in the storage.', max_length=120)),
                    ('byte_size', models.PositiveBigIntegerField(blank=True, null=True)),
                ],
                options={
                    'ordering': ('-id',),
                },
            ),
            migrations.CreateModel(
                name='Batch',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to=settings.AUTH_USER_MODEL)),
                    ('request_id', models.CharField(editable=False, max_length=40)),
                    ('typed', models.TextField(help_text='The prompt as it was typed.')),
                    ('axes', models.JSONField(blank=True, default=list)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    'ordering': ('-id',),
                    'constraints': [models.UniqueConstraint(fields=('user', 'request_id'), name='one_batch_a_request')],
                },
            ),
            migrations.CreateModel(
                name='Collection',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=80)),
                    ('is_private', models.BooleanField(default=False, verbose_name='Only you see it')),
                    ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', to='gallery.collection')),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    'ordering': ('name', 'pk'),
                    'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='one_collection_a_name')],
                },
            ),
            migrations.CreateModel(
                name='Tally',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('visibility', models.CharField(max_length=10)),
                    ('model', models.CharField(max_length=120)),
                    ('style', models.CharField(blank=True, max_length=120)),
                    ('month', models.CharField(max_length=7)),
                    ('pictures', models.BigIntegerField(default=0)),
                    ('bytes', models.BigIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('user', 'visibility', 'model', 'style', 'month'), name='one_tally_a_kind')],
                },
            ),
            migrations.CreateModel(
                name='Line',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('paused_at', models.DateTimeField(blank=True, null=True)),
                    ('paused_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
            ),
            migrations.CreateModel(
                name='Preset',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presets', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=60)),
                    ('shared', models.BooleanField(default=False, help_text='The whole team can use it.')),
                    ('settings', models.JSONField(default=dict)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'ordering': ('name', 'pk'),
                    'constraints': [models.UniqueConstraint(fields=('user', 'name'), name='one_preset_a_name')],
                },
            ),
            migrations.CreateModel(
                name='SavedSearch',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_searches', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=60)),
                    ('query', models.CharField(max_length=1000)),
                ],
                options={
                    'ordering': ('name',),
                    'constraints': [models.UniqueConstraint(fields=('user', 'name'), name='one_search_a_name')],
                },
            ),
            migrations.CreateModel(
                name='Tag',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=40, unique=True)),
                ],
                options={
                    'ordering': ('name',),
                },
            ),
            migrations.CreateModel(
                name='Viewing',
                fields=[
                    ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                    ('veils', models.BooleanField(default=True, verbose_name='Blur marked pictures')),
                ],
            ),
            migrations.CreateModel(
                name='WordList',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=40, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9-]*\\Z', 'Use small letters, digits and hyphens, such as night-sky.')])),
                    ('text', models.TextField(help_text='One choice a line.')),
                    ('changed_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'ordering': ('name',),
                },
            ),
            migrations.CreateModel(
                name='Generation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='generations', to=settings.AUTH_USER_MODEL)),
                    ('request_id', models.CharField(editable=False, max_length=40)),
                    ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='generations', to='gallery.batch')),
                    ('place', models.PositiveSmallIntegerField(default=0, help_text='Where in the batch.')),
                    ('kind', models.CharField(choices=[('generate', 'Made from a prompt'), ('edit', 'Edited'), ('combine', 'Combined'), ('upscale', 'Upscaled'), ('cutout', 'Background removed'), ('import', 'Imported')], default='generate', max_length=10)),
                    ('prompt', models.TextField()),
                    ('typed', models.TextField(blank=True)),
                    ('name', models.CharField(blank=True, help_text='Of the file that was imported.', max_length=120)),
                    ('from_message', models.PositiveBigIntegerField(blank=True, null=True)),
                    ('negative_prompt', models.TextField(blank=True)),
                    ('model', models.CharField(max_length=120)),
                    ('style', models.CharField(blank=True, max_length=120)),
                    ('visibility', models.CharField(choices=[('team', 'The team'), ('private', 'Only you')], default='team', max_length=10)),
                    ('words', gallery.index.WordsField(blank=True, default='', editable=False)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    'ordering': ('-id',),
                    'indexes': [models.Index(fields=['user', '-id'], name='generation_user_newest'), models.Index(condition=models.Q(('from_message__isnull', False)), fields=['from_message'], name='generation_from_message')],
                    'constraints': [models.UniqueConstraint(fields=('user', 'request_id'), name='one_generation_a_request')],
                },
            ),
            migrations.CreateModel(
                name='Image',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('status', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('succeeded', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('interrupted', 'Interrupted')], default='queued', max_length=12)),
                    ('call', models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='venice.call')),
                    ('claim', models.PositiveIntegerField(default=0, editable=False)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('run_after', models.DateTimeField(blank=True, null=True)),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('error_kind', models.CharField(blank=True, max_length=20)),
                    ('error', models.CharField(blank=True, max_length=500)),
                    ('generation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='gallery.generation')),
                    ('user', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='images', to=settings.AUTH_USER_MODEL)),
                    ('visibility', models.CharField(choices=[('team', 'The team'), ('private', 'Only you')], default='team', max_length=10)),
                    ('model', models.CharField(help_text='The one that made it, or is asked to.', max_length=120)),
                    ('style', models.CharField(blank=True, max_length=120)),
                    ('position', models.PositiveSmallIntegerField(default=0)),
                    ('seed', models.IntegerField(blank=True, help_text='None for what is made of others.', null=True)),
                    ('order', models.JSONField(default=dict, help_text='What was asked for, as an ImageOrder or an EditOrder.')),
                    ('file', models.CharField(blank=True, help_text='Name in the storage.', max_length=120)),
                    ('sha256', models.CharField(blank=True, max_length=64)),
                    ('mime', models.CharField(blank=True, max_length=40)),
                    ('width', models.PositiveIntegerField(blank=True, null=True)),
                    ('height', models.PositiveIntegerField(blank=True, null=True)),
                    ('byte_size', models.PositiveBigIntegerField(blank=True, null=True)),
                    ('seed_used', models.BigIntegerField(blank=True, null=True)),
                    ('model_used', models.CharField(blank=True, max_length=120)),
                    ('fallback_from', models.CharField(blank=True, max_length=120)),
                    ('fallback_reason', models.CharField(blank=True, max_length=200)),
                    ('request', models.JSONField(blank=True, default=dict, help_text='Exactly what was sent.')),
                    ('response', models.JSONField(blank=True, default=dict)),
                    ('exif', models.JSONField(blank=True, default=dict, help_text='What the file itself says.')),
                    ('recipe', models.JSONField(blank=True, default=dict, help_text='What an imported file says of how it was made.')),
                    ('seed_said', models.CharField(blank=True, help_text='The seed of an imported file; it may have 64 bits.', max_length=21)),
                    ('blurred', models.BooleanField(default=False)),
                    ('duration_ms', models.PositiveIntegerField(blank=True, null=True)),
                    ('cost', models.PositiveBigIntegerField(blank=True, null=True)),
                    ('replaced_by', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replaces', to='gallery.image')),
                    ('deleted_at', models.DateTimeField(blank=True, null=True)),
                    ('placeholder', models.CharField(blank=True, editable=False, help_text='A tiny WebP, in base64.', max_length=400)),
                    ('shelf', models.GeneratedField(db_persist=True, expression=models.Case(models.When(models.Q(('deleted_at__isnull', False), ('replaced_by__isnull', False), _connector='OR'), then=models.Value(None)), models.When(status='succeeded', then=models.Value(0), visibility='team'), default=models.F('user'), output_field=models.BigIntegerField(null=True)), help_text="Whose grid shows it: everybody's (0), a person's (their id), nobody's.", output_field=models.BigIntegerField(null=True))),
                ],
                options={
                    'ordering': ('-id',),
                    'indexes': [models.Index(condition=models.Q(('finished_at', None)), fields=['status', 'heartbeat_at'], name='image_unfinished'), models.Index(condition=models.Q(('finished_at', None)), fields=['user'], name='image_unfinished_of'), models.Index(fields=['sha256'], name='image_sha256'), models.Index(fields=['shelf', '-id'], name='image_shelf'), models.Index(fields=['created_at', 'id'], name='image_created'), models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['user', '-deleted_at'], name='image_trash')],
                },
            ),
            migrations.CreateModel(
                name='Placement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('collection', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='placements', to='gallery.collection')),
                    ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='placements', to='gallery.image')),
                    ('by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'indexes': [models.Index(fields=['collection', '-image'], name='placement_newest')],
                    'constraints': [models.UniqueConstraint(fields=('image', 'collection'), name='one_placement_a_picture')],
                },
            ),
            migrations.CreateModel(
                name='SearchDocument',
                fields=[
                    ('image', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='gallery.image')),
                    ('words', models.TextField()),
                    ('facts', models.TextField()),
                ],
            ),
            migrations.CreateModel(
                name='Descent',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('child', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='descents', to='gallery.image')),
                    ('parent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offspring', to='gallery.image')),
                    ('position', models.PositiveSmallIntegerField(default=0)),
                ],
                options={
                    'ordering': ('child', 'position'),
                    'constraints': [models.UniqueConstraint(fields=('child', 'parent'), name='one_descent_a_pair')],
                },
            ),
            migrations.CreateModel(
                name='Mark',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='marks', to='gallery.image')),
                    ('favourite', models.BooleanField(default=False)),
                    ('rating', models.PositiveSmallIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('user', 'image'), name='one_mark_a_person'), models.CheckConstraint(condition=models.Q(('rating__lte', 5)), name='mark_rating_in_range')],
                },
            ),
            migrations.CreateModel(
                name='Share',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('image', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='gallery.image')),
                    ('collection', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='gallery.collection')),
                    ('digest', models.CharField(help_text='SHA-256 of the token.', max_length=64, unique=True)),
                    ('of_private', models.BooleanField(default=False)),
                    ('shows_prompt', models.BooleanField(default=False)),
                    ('with_data', models.BooleanField(default=False)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('expires_at', models.DateTimeField(null=True)),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('uses', models.PositiveIntegerField(default=0)),
                    ('last_used_at', models.DateTimeField(null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['owner', '-id'], name='share_owner')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('collection__isnull', False), ('image', None)), models.Q(('collection', None), ('image__isnull', False)), _connector='OR'), name='share_of_one_thing')],
                },
            ),
            migrations.CreateModel(
                name='Tagging',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='taggings', to='gallery.tag')),
                    ('image', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='taggings', to='gallery.image')),
                    ('by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('image', 'tag'), name='one_tagging_a_picture')],
                },
            ),
        ]),
    ]
