import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Cluster",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$",
                                "at most 40 lower-case letters, digits and '-', starting and ending with one",
                            )
                        ],
                    ),
                ),
                ("seed", models.BigIntegerField(help_text="Every random choice of this cluster is a function of it.")),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("created", models.BigIntegerField(help_text="Wall clock, microseconds since 1970.")),
                ("head", models.BigIntegerField(default=0, help_text="The last revision.")),
                ("compacted", models.BigIntegerField(default=0, help_text="Older revisions are gone.")),
                (
                    "vtime",
                    models.BigIntegerField(default=0, help_text="Virtual time of the last revision, microseconds."),
                ),
                ("clock_base", models.BigIntegerField()),
                ("clock_wall_base", models.BigIntegerField()),
                (
                    "clock_speed",
                    models.CharField(default="1", help_text="1, 10, 0.5, max; 0 is paused.", max_length=16),
                ),
                ("seen", models.BigIntegerField(default=0, help_text="The loops have worked off the log up to here.")),
                (
                    "due",
                    models.BigIntegerField(
                        blank=True,
                        default=None,
                        help_text="Wall clock at which the loops must run next; empty: idle.",
                        null=True,
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "cluster_id", "rev", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "cluster",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="clusters.cluster",
                    ),
                ),
                ("rev", models.BigIntegerField()),
                ("key", models.CharField(help_text="GROUP/RESOURCE/NAMESPACE/NAME", max_length=700)),
                ("create_rev", models.BigIntegerField()),
                ("prev_rev", models.BigIntegerField()),
                ("version", models.BigIntegerField()),
                ("tombstone", models.BooleanField(default=False)),
                ("actor", models.CharField(max_length=253)),
                ("vtime", models.BigIntegerField(help_text="Virtual time, microseconds since 1970.")),
                ("value", models.BinaryField()),
            ],
            options={
                "ordering": ["cluster_id", "rev"],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                (
                    "cluster",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="lease",
                        serialize=False,
                        to="clusters.cluster",
                    ),
                ),
                ("holder", models.CharField(blank=True, default="", max_length=100)),
                ("epoch", models.BigIntegerField(default=0)),
                ("expires", models.BigIntegerField(default=0, help_text="Wall clock, microseconds since 1970.")),
            ],
        ),
        migrations.AddIndex(
            model_name="cluster",
            index=models.Index(fields=["due"], name="cluster_due"),
        ),
        migrations.AddIndex(
            model_name="revision",
            index=models.Index(fields=["cluster", "key", "rev"], name="revision_key"),
        ),
        migrations.AddConstraint(
            model_name="revision",
            constraint=models.UniqueConstraint(fields=("cluster", "key", "prev_rev"), name="revision_cas"),
        ),
    ]
