"""Jobs and CronJobs: pods that run to an end. Models: pkg/controller/{job,cronjob,ttlafterfinished}."""

from clusters.components.controllers.job.controller import JobController
from clusters.components.controllers.job.cron import CronJobController
from clusters.components.controllers.job.ttl import TtlAfterFinishedController

__all__ = ["CronJobController", "JobController", "TtlAfterFinishedController"]
