"""The status of a claim: what was allocated, for whom, and how the devices are.

Models: kubernetes, pkg/apis/resource/validation (validateResourceClaimStatusUpdate and below).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required, too_long, too_many
from clusters.machinery.types import Obj
from clusters.resources.common.checks import IMMUTABLE, label, needed
from clusters.resources.common.conditions import condition_errors
from clusters.resources.common.shown import shown
from clusters.resources.pod_spec.scheduling import node_selector_errors
from clusters.resources.pod_spec.volumes import driver_name_errors
from clusters.resources.resource.names import each_errors, pool_name_errors, unique_errors
from clusters.resources.resource.requests import (
    MAX_CONFIGS,
    Names,
    config_errors,
    raw_errors,
    request_list_errors,
    request_names,
    request_ref_errors,
)
from clusters.resources.resource.shapes import ALLOCATION
from clusters.resources.resource.slice_devices import binding_errors

MAX_CONSUMERS = 256
MAX_RESULTS = 32
MAX_CONDITIONS = 8
MAX_DATA = 10 * 1024
MAX_INTERFACE_NAME, MAX_HARDWARE_ADDRESS, MAX_IPS = 256, 128, 16
_STATUS = Path("status")
_UNLIMITED = 1 << 31
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_BAD_UUID = (
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal"
    " characters"
)
_SOURCES = ("FromClaim", "FromClass")
_Id = tuple[str, str, str, str]


def device_ids(status: Obj) -> set[_Id]:
    """The devices of an allocation."""
    results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or ()
    return {_id(result) for result in results}


def _id(device: Mapping[str, Any]) -> _Id:
    return device.get("driver", ""), device.get("pool", ""), device.get("device", ""), device.get("shareID") or ""


def drop_released(status: Obj, before: Obj) -> None:
    """In place: of a device that is no longer allocated nothing is reported."""
    released = device_ids(before) - device_ids(status)
    if status.get("devices") and released:
        status["devices"] = [d for d in status["devices"] if _id(d) not in released]
        if not status["devices"]:
            del status["devices"]


def claim_status_errors(new: Obj, old: Obj) -> ErrorList:
    status, before = new.get("status") or {}, old.get("status") or {}
    consumers, at = status.get("reservedFor"), _STATUS.child("reservedFor")
    errors = unique_errors(consumers, MAX_CONSUMERS, _consumer_errors, at, lambda c: c.get("uid", ""))
    allocated = device_ids(status)

    def device(each: Obj, where: Path) -> ErrorList:
        return _device_errors(each, where, allocated)

    errors += unique_errors(status.get("devices"), _UNLIMITED, device, _STATUS.child("devices"), _id)
    allocation = status.get("allocation")
    if consumers and allocation is None:
        errors.append(forbidden(at, "may not be specified when `allocated` is not set"))
    elif consumers and "deletionTimestamp" in new["metadata"]:
        if any(consumer not in (before.get("reservedFor") or ()) for consumer in consumers):
            why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            errors.append(forbidden(at, why))
    at = _STATUS.child("allocation")
    if allocation is not None and before.get("allocation") is not None:
        same = allocation == before["allocation"]
        return errors + ([] if same else [invalid(at, shown(allocation, ALLOCATION), IMMUTABLE)])
    return errors + (_allocation_errors(allocation, at, request_names(new["spec"])) if allocation is not None else [])


def _consumer_errors(consumer: Obj, path: Path) -> ErrorList:
    return [e for name in ("resource", "name", "uid") for e in needed(consumer, name, path)]


def _allocation_errors(allocation: Obj, path: Path, names: Names) -> ErrorList:
    devices, at = allocation.get("devices") or {}, path.child("devices")

    def result(each: Obj, where: Path) -> ErrorList:
        errors = request_ref_errors(each.get("request", ""), where.child("request"), names)
        errors += _place_errors(each, where)
        errors += binding_errors(each, where)
        return errors + _share_errors(each, where)

    def config(each: Obj, where: Path) -> ErrorList:
        source, errors = each.get("source", ""), ErrorList()
        if source not in _SOURCES:
            here = where.child("source")
            errors.append(not_supported(here, source, _SOURCES) if source else required(here))
        errors += request_list_errors(each.get("requests"), where.child("requests"), names)
        return errors + config_errors(each, where)

    errors = each_errors(devices.get("results"), MAX_RESULTS, result, at.child("results"))
    errors += each_errors(devices.get("config"), 2 * MAX_CONFIGS, config, at.child("config"))
    if allocation.get("nodeSelector") is not None:
        errors += node_selector_errors(allocation["nodeSelector"], path.child("nodeSelector"))
    return errors


def _place_errors(device: Obj, path: Path) -> ErrorList:
    errors = driver_name_errors(device.get("driver", ""), path.child("driver"))
    errors += pool_name_errors(device.get("pool", ""), path.child("pool"))
    return errors + label(device.get("device", ""), path.child("device"))


def _share_errors(device: Obj, path: Path) -> ErrorList:
    share = device.get("shareID")
    return [] if share is None or _UUID(share) else [invalid(path.child("shareID"), share, _BAD_UUID)]


def _device_errors(device: Obj, path: Path, allocated: Collection[_Id]) -> ErrorList:
    errors = _place_errors(device, path) + _share_errors(device, path)
    if _id(device) not in allocated:
        driver, pool, name, share = _id(device)
        shown = "/".join((driver, pool, name, *([share] if share else [])))
        errors.append(invalid(path, shown, "must be an allocated device in the claim"))
    conditions, at = device.get("conditions") or (), path.child("conditions")
    if len(conditions) > MAX_CONDITIONS:
        errors.append(too_many(at, len(conditions), MAX_CONDITIONS))
    errors += condition_errors(conditions, at)
    if device.get("data") is not None:
        errors += raw_errors(device["data"], path.child("data"), MAX_DATA)
    return errors + _network_errors(device.get("networkData") or {}, path.child("networkData"))


def _network_errors(data: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    for name, limit in (("interfaceName", MAX_INTERFACE_NAME), ("hardwareAddress", MAX_HARDWARE_ADDRESS)):
        if len(data.get(name, "").encode()) > limit:
            errors.append(too_long(path.child(name), limit))
    return errors + unique_errors(data.get("ips"), MAX_IPS, _interface_errors, path.child("ips"))


def _interface_errors(text: str, path: Path) -> ErrorList:
    """`192.168.1.10/24`, as interfaces have them."""
    try:
        canonical = str(ipaddress.ip_interface(text)) if "/" in text else ""
    except ValueError:
        canonical = ""
    if not canonical:
        why = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        return [invalid(path, text, why)]
    return [] if canonical == text else [invalid(path, text, f'must be in canonical form ("{canonical}")')]
