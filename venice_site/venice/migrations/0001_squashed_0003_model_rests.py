import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from venice_site.schema import CreateModels


class Migration(migrations.Migration):

    replaces = [('venice', '0001_initial'), ('venice', '0002_quotas_of_keys_and_notices'), ('venice', '0003_model_rests')]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='ApiKey',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=80)),
                    ('account', models.CharField(default='main', help_text='Keys of one Venice account share its limits; give them the same label.', max_length=80)),
                    ('ciphertext', models.TextField(editable=False)),
                    ('fingerprint', models.CharField(editable=False, max_length=64, unique=True)),
                    ('last_four', models.CharField(editable=False, max_length=4)),
                    ('source', models.CharField(choices=[('panel', 'Admin panel'), ('environment', 'Environment')], default='panel', editable=False, max_length=12)),
                    ('enabled', models.BooleanField(default=True, help_text='Switch off to keep the key but not use it.')),
                    ('state', models.CharField(choices=[('active', 'Active'), ('refused', 'Refused by Venice'), ('out-of-credit', 'Out of credit'), ('spend-capped', 'Spending limit reached'), ('undecryptable', 'Cannot be decrypted')], default='active', editable=False, max_length=16)),
                    ('state_reason', models.CharField(blank=True, editable=False, max_length=300)),
                    ('state_since', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('retry_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('priority', models.SmallIntegerField(default=0, help_text='Higher is used first.')),
                    ('daily_limit', models.PositiveIntegerField(blank=True, help_text="Requests a day (UTC). Venice's tiers: free 100, pro 1000. Empty: no limit.", null=True)),
                    ('max_in_flight', models.PositiveSmallIntegerField(default=512, help_text='Requests at the same time at the most.')),
                    ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('answered_at', models.DateTimeField(blank=True, editable=False, help_text='When Venice last answered it well.', null=True)),
                    ('checked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('balance_usd', models.DecimalField(blank=True, decimal_places=4, editable=False, max_digits=14, null=True)),
                    ('balance_diem', models.DecimalField(blank=True, decimal_places=4, editable=False, max_digits=14, null=True)),
                    ('rate_limits', models.JSONField(blank=True, default=dict, editable=False)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'verbose_name': 'key',
                    'ordering': ('-priority', 'name'),
                },
            ),
            migrations.CreateModel(
                name='Cooldown',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('scope', models.CharField(max_length=100)),
                    ('model', models.CharField(blank=True, max_length=120)),
                    ('until', models.DateTimeField()),
                    ('probe_until', models.DateTimeField(blank=True, null=True)),
                    ('times', models.PositiveSmallIntegerField(default=0)),
                    ('reason', models.CharField(blank=True, max_length=200)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('scope', 'model'), name='one_cooldown_a_scope')],
                },
            ),
            migrations.CreateModel(
                name='Quota',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('who', models.CharField(choices=[('everyone', 'Everyone together'), ('each', 'Each person by themselves'), ('group', 'A group together'), ('person', 'One person'), ('key', 'One key')], default='everyone', max_length=10)),
                    ('group', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                    ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                    ('key', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='quotas', to='venice.apikey')),
                    ('metric', models.CharField(choices=[('requests', 'Requests'), ('images', 'Images'), ('tokens', 'Tokens'), ('cost', 'Cost')], default='requests', max_length=10)),
                    ('period', models.CharField(choices=[('minute', 'Minute'), ('hour', 'Hour'), ('day', 'Day'), ('month', 'Month')], default='day', max_length=10)),
                    ('limit', models.PositiveBigIntegerField()),
                    ('warn_at', models.PositiveSmallIntegerField(default=80, help_text='Percent used from which on people and administrators are warned.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='Warn at')),
                    ('time_zone', models.CharField(default='UTC', max_length=60)),
                    ('enabled', models.BooleanField(default=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'ordering': ('who', 'metric', 'period'),
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('group__isnull', False), ('key__isnull', True), ('person__isnull', True), ('who', 'group')), models.Q(('group__isnull', True), ('key__isnull', True), ('person__isnull', False), ('who', 'person')), models.Q(('group__isnull', True), ('key__isnull', False), ('person__isnull', True), ('who', 'key')), models.Q(('group__isnull', True), ('key__isnull', True), ('person__isnull', True), ('who', 'everyone')), models.Q(('group__isnull', True), ('key__isnull', True), ('person__isnull', True), ('who', 'each')), _connector='OR'), name='quota_names_its_subject')],
                },
            ),
            migrations.CreateModel(
                name='QuotaBucket',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('quota', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='buckets', to='venice.quota')),
                    ('key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='buckets', to='venice.apikey')),
                    ('subject', models.CharField(max_length=60)),
                    ('window_start', models.DateTimeField()),
                    ('window_end', models.DateTimeField()),
                    ('used', models.BigIntegerField(default=0)),
                    ('reserved', models.BigIntegerField(default=0)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('subject', 'window_start'), name='one_bucket_a_window'), models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='used_is_not_negative'), models.CheckConstraint(condition=models.Q(('reserved__gte', 0)), name='reserved_is_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='Call',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calls', to=settings.AUTH_USER_MODEL)),
                    ('kind', models.CharField(choices=[('image', 'Image'), ('edit', 'Edit'), ('upscale', 'Enlargement'), ('cutout', 'Cut-out'), ('reply', 'Reply'), ('title', 'Title'), ('summary', 'Summary')], max_length=10)),
                    ('state', models.CharField(choices=[('reserved', 'Reserved'), ('settled', 'Settled'), ('released', 'Released')], default='reserved', max_length=10)),
                    ('model', models.CharField(max_length=120)),
                    ('served_by', models.CharField(blank=True, max_length=120, verbose_name='model that answered')),
                    ('fallback_reason', models.CharField(blank=True, max_length=200)),
                    ('simulated', models.BooleanField(default=False, help_text='Answered by the local stand-in.')),
                    ('images', models.PositiveIntegerField(default=0)),
                    ('tokens_in', models.PositiveBigIntegerField(default=0)),
                    ('tokens_out', models.PositiveBigIntegerField(default=0)),
                    ('tokens_cached', models.PositiveBigIntegerField(default=0)),
                    ('cost', models.PositiveBigIntegerField(default=0, verbose_name='cost in micro-USD')),
                    ('cost_source', models.CharField(blank=True, max_length=10)),
                    ('may_be_charged', models.BooleanField(default=False, help_text='No answer came; Venice may have charged for it all the same.')),
                    ('error_kind', models.CharField(blank=True, max_length=20)),
                    ('request_id', models.CharField(blank=True, max_length=80)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('dispatched_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('expires_at', models.DateTimeField(help_text='When the reservation is swept if nothing settles it.')),
                ],
                options={
                    'ordering': ('-id',),
                    'indexes': [models.Index(fields=['user', '-created_at'], name='call_user_created'), models.Index(condition=models.Q(('state', 'reserved')), fields=['expires_at'], name='call_reserved_expires')],
                },
            ),
            migrations.CreateModel(
                name='Hold',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('call', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='venice.call')),
                    ('bucket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='venice.quotabucket')),
                    ('metric', models.CharField(choices=[('requests', 'Requests'), ('images', 'Images'), ('tokens', 'Tokens'), ('cost', 'Cost')], max_length=10)),
                    ('rank', models.PositiveSmallIntegerField(default=0)),
                    ('amount', models.BigIntegerField()),
                    ('charged', models.BigIntegerField(null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('call', 'bucket'), name='one_hold_a_bucket')],
                },
            ),
            migrations.CreateModel(
                name='Attempt',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('call', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='venice.call')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='attempts', to='venice.apikey')),
                    ('account', models.CharField(blank=True, max_length=80)),
                    ('key_label', models.CharField(blank=True, max_length=100)),
                    ('model', models.CharField(max_length=120)),
                    ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('expires_at', models.DateTimeField()),
                    ('status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='HTTP status')),
                    ('outcome', models.CharField(blank=True, max_length=20)),
                    ('detail', models.CharField(blank=True, max_length=500)),
                    ('counts_as_failure', models.BooleanField(default=False)),
                    ('waited_ms', models.PositiveIntegerField(default=0)),
                    ('duration_ms', models.PositiveIntegerField(blank=True, null=True)),
                    ('request_id', models.CharField(blank=True, max_length=80)),
                ],
                options={
                    'ordering': ('call', 'number'),
                    'indexes': [models.Index(condition=models.Q(('counts_as_failure', True)), fields=['account', 'ended_at'], name='attempt_failures'), models.Index(condition=models.Q(('ended_at', None)), fields=['key'], name='attempt_in_flight'), models.Index(fields=['model', 'ended_at'], name='attempt_of_model')],
                    'constraints': [models.UniqueConstraint(fields=('call', 'number'), name='one_attempt_a_number')],
                },
            ),
            migrations.CreateModel(
                name='CatalogueEntry',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('simulated', models.BooleanField(default=False)),
                    ('kind', models.CharField(max_length=20)),
                    ('name', models.CharField(max_length=120)),
                    ('position', models.PositiveIntegerField(default=0)),
                    ('data', models.JSONField(default=dict)),
                    ('refreshed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
                options={
                    'verbose_name_plural': 'catalogue entries',
                    'ordering': ('kind', 'position'),
                    'constraints': [models.UniqueConstraint(fields=('simulated', 'kind', 'name'), name='one_entry_a_name')],
                },
            ),
            migrations.CreateModel(
                name='Announcement',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('text', models.CharField(max_length=300)),
                    ('enabled', models.BooleanField(default=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'ordering': ('-id',),
                },
            ),
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('subject', models.CharField(max_length=120, unique=True)),
                    ('text', models.CharField(max_length=400)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                    ('settled_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'ordering': ('-created_at', '-id'),
                    'indexes': [models.Index(condition=models.Q(('settled_at', None)), fields=['-created_at'], name='notice_open')],
                },
            ),
        ]),
    ]
