import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import venice_site.tokens
from django.conf import settings
from django.db import migrations, models

from chat import search_index
from venice_site.schema import CreateModels


def build_index(apps, schema_editor):
    search_index.build(schema_editor.connection)


def drop_index(apps, schema_editor):
    search_index.drop(schema_editor.connection)


class Migration(migrations.Migration):

    replaces = [('chat', '0001_initial'), ('chat', '0002_keeping'), ('chat', '0003_writing'), ('chat', '0004_pictures'), ('chat', '0005_people'), ('chat', '0006_attachments')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('venice', '0001_squashed_0003_model_rests'),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Folder',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='folders', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=60, verbose_name='Name')),
                    ('instructions', models.TextField(blank=True, max_length=20000, verbose_name='Instructions')),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), name='one_folder_a_name', violation_error_message='You have a folder of this name already.')],
                },
            ),
            migrations.CreateModel(
                name='Parcel',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('direction', models.CharField(choices=[('out', 'Export'), ('in', 'Import')], max_length=3)),
                    ('status', models.CharField(choices=[('waiting', 'Waiting'), ('working', 'Working'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', editable=False, max_length=8)),
                    ('file', models.FileField(blank=True, max_length=200, upload_to='')),
                    ('count', models.PositiveIntegerField(default=0)),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ('waiting', 'working'))), fields=('owner', 'direction'), name='one_parcel_at_a_time')],
                },
            ),
            migrations.CreateModel(
                name='Persona',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60, verbose_name='Name')),
                    ('letters', models.CharField(blank=True, help_text='One or two; else the first of the name.', max_length=2, verbose_name='Letters')),
                    ('colour', models.CharField(choices=[('lagoon', 'Lagoon'), ('amber', 'Amber'), ('rose', 'Rose'), ('violet', 'Violet'), ('moss', 'Moss'), ('slate', 'Slate')], default='lagoon', max_length=8, verbose_name='Colour')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='personas', to=settings.AUTH_USER_MODEL)),
                    ('about', models.CharField(blank=True, help_text='One line for those who choose.', max_length=200, verbose_name='About')),
                    ('system_prompt', models.TextField(help_text='What the model is told before every question.', max_length=20000, verbose_name='System prompt')),
                    ('model', models.CharField(blank=True, max_length=120, verbose_name='Model')),
                    ('temperature', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(2)], verbose_name='Temperature')),
                    ('max_tokens', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='Longest reply')),
                    ('top_p', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)], verbose_name='Top P')),
                    ('reasoning_effort', models.CharField(blank=True, max_length=20, verbose_name='Thinking')),
                    ('web_search', models.CharField(blank=True, choices=[('auto', 'When it helps'), ('on', 'Always')], max_length=4, verbose_name='Web search')),
                    ('shared', models.BooleanField(default=False, help_text='Everybody can talk to it; only you can change it.', verbose_name='Shared with the team')),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'ordering': (django.db.models.functions.text.Lower('name'), 'pk'),
                    'constraints': [models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), name='one_persona_a_name')],
                },
            ),
            migrations.CreateModel(
                name='Prompt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prompts', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=60, verbose_name='Name')),
                    ('text', models.TextField(help_text='A place to fill in is written {{topic}}.', max_length=20000, verbose_name='Text')),
                    ('tags', models.CharField(blank=True, help_text='Words, with spaces or commas between them.', max_length=300, verbose_name='Tags')),
                    ('shared', models.BooleanField(default=False, help_text='Everybody can use it; only you can change it.', verbose_name='Shared with the team')),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'ordering': (django.db.models.functions.text.Lower('name'), 'pk'),
                    'constraints': [models.UniqueConstraint(models.F('owner'), django.db.models.functions.text.Lower('name'), name='one_prompt_a_name')],
                },
            ),
            migrations.CreateModel(
                name='QueuedMessage',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('conversation', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='queue', to='chat.conversation')),
                    ('author', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('request_id', models.UUIDField(editable=False)),
                    ('text', models.TextField(max_length=100000, verbose_name='Message')),
                    ('model_ids', models.JSONField(default=list, editable=False)),
                    ('place', models.IntegerField(default=0, editable=False)),
                    ('refusal', models.CharField(blank=True, editable=False, max_length=500)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'ordering': ('place', 'pk'),
                    'indexes': [models.Index(fields=['conversation', 'place', 'id'], name='queued_message_turn')],
                    'constraints': [models.UniqueConstraint(fields=('author', 'request_id'), name='one_queued_message_a_click')],
                },
            ),
            migrations.CreateModel(
                name='Attachment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('message', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='chat.message')),
                    ('queued', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='chat.queuedmessage')),
                    ('owner', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('mime', models.CharField(max_length=100)),
                    ('name', models.CharField(blank=True, max_length=100)),
                    ('file', models.FileField(max_length=200, upload_to='')),
                    ('sha256', models.CharField(blank=True, max_length=64)),
                    ('size', models.PositiveIntegerField(default=0)),
                    ('tokens', models.PositiveIntegerField(default=0)),
                    ('width', models.PositiveIntegerField(null=True)),
                    ('height', models.PositiveIntegerField(null=True)),
                    ('from_image', models.PositiveBigIntegerField(null=True)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'ordering': ('pk',),
                    'indexes': [models.Index(condition=models.Q(('from_image__isnull', False)), fields=['from_image'], name='attachment_from_image'), models.Index(condition=models.Q(('message', None)), fields=['owner', 'created_at'], name='attachment_waiting')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('message__isnull', False), ('owner__isnull', False), _connector='OR'), name='attachment_is_somebodys')],
                },
            ),
            migrations.CreateModel(
                name='Draft',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('conversation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='chat.conversation')),
                    ('request_id', models.UUIDField()),
                    ('text', models.TextField()),
                    ('version', models.PositiveBigIntegerField()),
                    ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('owner', 'conversation'), name='one_draft_a_place'), models.UniqueConstraint(condition=models.Q(('conversation', None)), fields=('owner',), name='one_draft_for_a_new_one')],
                },
            ),
            migrations.CreateModel(
                name='Part',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60, verbose_name='Name')),
                    ('letters', models.CharField(blank=True, help_text='One or two; else the first of the name.', max_length=2, verbose_name='Letters')),
                    ('colour', models.CharField(choices=[('lagoon', 'Lagoon'), ('amber', 'Amber'), ('rose', 'Rose'), ('violet', 'Violet'), ('moss', 'Moss'), ('slate', 'Slate')], default='lagoon', max_length=8, verbose_name='Colour')),
                    ('conversation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='part', to='chat.conversation')),
                    ('persona', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='chat.persona')),
                    ('character', models.CharField(blank=True, max_length=120)),
                ],
            ),
            migrations.CreateModel(
                name='Share',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('conversation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='share', to='chat.conversation')),
                    ('token', models.CharField(default=venice_site.tokens.new_token, editable=False, max_length=64, unique=True)),
                    ('title', models.CharField(max_length=60)),
                    ('turns', models.JSONField(default=list)),
                    ('taken_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('expires_at', models.DateTimeField(null=True)),
                ],
            ),
            migrations.CreateModel(
                name='Summary',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='summaries', to='chat.conversation')),
                    ('until', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='chat.message')),
                    ('text', models.TextField()),
                    ('count', models.PositiveIntegerField()),
                    ('tokens', models.PositiveIntegerField()),
                    ('model', models.CharField(max_length=120)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    'ordering': ('pk',),
                },
            ),
            migrations.CreateModel(
                name='Message',
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
                    ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='chat.conversation')),
                    ('parent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='chat.message')),
                    ('role', models.CharField(choices=[('user', 'You'), ('assistant', 'Model')], max_length=10)),
                    ('author', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('request_id', models.UUIDField(null=True)),
                    ('text', models.TextField(blank=True)),
                    ('summary', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='chat.summary')),
                    ('reasoning', models.TextField(blank=True)),
                    ('reasoning_ms', models.PositiveIntegerField(null=True)),
                    ('model', models.CharField(blank=True, max_length=120)),
                    ('served_by', models.CharField(blank=True, max_length=120)),
                    ('fallback_reason', models.CharField(blank=True, max_length=200)),
                    ('finish_reason', models.CharField(blank=True, max_length=40)),
                    ('first_token_ms', models.PositiveIntegerField(null=True)),
                    ('tokens_in', models.PositiveIntegerField(default=0)),
                    ('tokens_out', models.PositiveIntegerField(default=0)),
                    ('tokens_cached', models.PositiveIntegerField(default=0)),
                    ('tokens_reasoning', models.PositiveIntegerField(default=0)),
                    ('cost', models.PositiveBigIntegerField(default=0)),
                    ('cost_source', models.CharField(blank=True, max_length=10)),
                    ('column', models.PositiveSmallIntegerField(default=0)),
                    ('undecided', models.BooleanField(default=False)),
                    ('citations', models.JSONField(default=list)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('status', 'running')), fields=['heartbeat_at'], name='message_running')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('request_id__isnull', False)), fields=('author', 'request_id'), name='one_message_a_click'), models.UniqueConstraint(condition=models.Q(('status__in', ('queued', 'running'))), fields=('conversation', 'column'), name='one_reply_at_a_time'), models.CheckConstraint(condition=models.Q(('column__lt', 4)), name='so_many_replies_beside')],
                },
            ),
            migrations.CreateModel(
                name='Conversation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conversations', to=settings.AUTH_USER_MODEL)),
                    ('title', models.CharField(max_length=60)),
                    ('title_source', models.CharField(choices=[('question', 'First words'), ('model', 'Model'), ('person', 'Person')], default='question', editable=False, max_length=10)),
                    ('model', models.CharField(max_length=120)),
                    ('system_prompt', models.TextField(blank=True, max_length=20000, verbose_name='System prompt')),
                    ('temperature', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(2)], verbose_name='Temperature')),
                    ('max_tokens', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='Longest reply')),
                    ('top_p', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)], verbose_name='Top P')),
                    ('frequency_penalty', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(-2), django.core.validators.MaxValueValidator(2)], verbose_name='Frequency penalty')),
                    ('presence_penalty', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(-2), django.core.validators.MaxValueValidator(2)], verbose_name='Presence penalty')),
                    ('reasoning_effort', models.CharField(blank=True, max_length=20, verbose_name='Thinking')),
                    ('web_search', models.CharField(blank=True, choices=[('auto', 'When it helps'), ('on', 'Always')], max_length=4, verbose_name='Web search')),
                    ('answer_schema', models.JSONField(blank=True, null=True, verbose_name='JSON schema of the answer')),
                    ('folder', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='conversations', to='chat.folder')),
                    ('tip', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='chat.message')),
                    ('forked_from', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='forks', to='chat.message')),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('read_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('pinned_at', models.DateTimeField(editable=False, null=True)),
                    ('archived_at', models.DateTimeField(editable=False, null=True)),
                    ('shared_at', models.DateTimeField(editable=False, null=True, verbose_name='Shared with the team')),
                    ('temporary_until', models.DateTimeField(editable=False, null=True)),
                    ('deleted_at', models.DateTimeField(editable=False, null=True)),
                    ('origin', models.CharField(blank=True, editable=False, max_length=64)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('archived_at', None), ('deleted_at', None), ('temporary_until', None)), fields=['owner', '-updated_at', '-id'], name='conversation_list'), models.Index(condition=models.Q(('archived_at__isnull', False)), fields=['owner', '-updated_at', '-id'], name='conversation_archive'), models.Index(condition=models.Q(('pinned_at__isnull', False)), fields=['owner', '-pinned_at'], name='conversation_pinned'), models.Index(condition=models.Q(('folder__isnull', False)), fields=['folder', '-updated_at', '-id'], name='conversation_folder'), models.Index(condition=models.Q(('shared_at__isnull', False)), fields=['-shared_at'], name='conversation_shared'), models.Index(condition=models.Q(('temporary_until__isnull', False)), fields=['temporary_until'], name='conversation_temporary'), models.Index(condition=models.Q(('deleted_at__isnull', False)), fields=['deleted_at'], name='conversation_deleted')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('origin', ''), _negated=True), fields=('owner', 'origin'), name='one_conversation_an_origin')],
                },
            ),
        ]),
        migrations.RunPython(build_index, drop_index),
    ]
