"""DeviceClass: a kind of device that claims may ask for. Models: kubernetes, registry/resource/deviceclass."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj
from clusters.resources.base import Context, Strategy
from clusters.resources.common.quantities import is_extended
from clusters.resources.resource.names import each_errors
from clusters.resources.resource.requests import MAX_CONFIGS, config_errors
from clusters.resources.resource.selectors import selector_errors

_SPEC = Path("spec")


class DeviceClassStrategy(Strategy):
    has_generation = True
    validates_whole_update = True

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors = selector_errors(spec.get("selectors"), _SPEC.child("selectors"))
        errors += each_errors(spec.get("config"), MAX_CONFIGS, config_errors, _SPEC.child("config"))
        extended = spec.get("extendedResourceName")
        if extended is not None and not is_extended(extended):
            at = _SPEC.child("extendedResourceName")
            errors.append(invalid(at, extended, "must be a valid extended resource name"))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)
