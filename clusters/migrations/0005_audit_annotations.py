from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0004_audit_acting_as'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditevent',
            name='annotations',
            field=models.JSONField(blank=True, default=dict, help_text='What authorization and admission noted.'),
        ),
    ]
