"""Keeps the cycle model's memories as the firmware sets them: caches, wait states, ART, MPU attributes."""

from __future__ import annotations

from kws_tflm.virtual_board import memory_map
from kws_tflm.virtual_board.cycle_model import CycleModel
from kws_tflm.virtual_board.peripherals.flash import FlashInterface
from kws_tflm.virtual_board.peripherals.mpu import Mpu
from kws_tflm.virtual_board.peripherals.scb import CacheMaintenance, Scb
from kws_tflm.virtual_board.pipeline import structures as s

_TCM = ("ITCM", "DTCM")
_FLASH = ("flash", "system information")


class MemoryLink:
    """Follows SCB, FLASH, MPU and the cache maintenance registers; `caches` as in `TimingOptions`."""

    def __init__(
        self, model: CycleModel, scb: Scb, flash: FlashInterface, mpu: Mpu, maintenance: CacheMaintenance, caches: str
    ) -> None:
        self._model, self._scb, self._flash, self._mpu = model, scb, flash, mpu
        self._caches = caches
        scb.on_ccr = self.update
        mpu.on_change = self._place
        maintenance.on_invalidate_code = lambda: model.invalidate("instructions")
        maintenance.on_data_line = lambda address: model.invalidate("line", address)
        maintenance.on_data_all = lambda: model.invalidate("data")
        self.reset()

    def reset(self) -> None:
        """The chip was reset: pipeline and caches are empty."""
        self._place()
        self.update()
        self._model.reset()

    def update(self) -> None:
        """A control register has changed."""
        settings = self._model.settings
        forced = {"on": 1, "off": 0}.get(self._caches)
        settings.instruction_cache = int(self._scb.icache_enabled) if forced is None else forced
        settings.data_cache = int(self._scb.dcache_enabled) if forced is None else forced
        settings.flash_wait_states = self._flash.latency
        settings.art = int(self._flash.accelerator)
        settings.prefetch = int(self._flash.prefetch)

    def _place(self) -> None:
        regions = self._mpu_regions()
        for memory in memory_map.MEMORIES:
            for base in memory.bases:
                port = s.PORT_TCM if memory.name in _TCM else s.PORT_AXI
                port = s.PORT_ART if base == memory_map.FLASH_ALIAS else port
                regions.append((base, memory.size, port, memory.name in _FLASH))
        regions += [(base, size, s.PORT_DEVICE, False) for base, size in memory_map.MMIO_RANGES]
        settings = self._model.settings
        settings.region_count = 0  # first: the native side must not see a half-filled list
        for i, (base, size, port, flash) in enumerate(regions[: s.MAX_REGIONS]):
            region = settings.regions[i]
            region.base, region.size, region.port, region.is_flash = base, size, port, int(flash)
        settings.region_count = min(len(regions), s.MAX_REGIONS)
        self._model.invalidate("regions")

    def _mpu_regions(self) -> list[tuple[int, int, int, bool]]:
        """Memory that the MPU keeps out of the data cache; a region over several memories is left out."""
        found = []
        for region in self._mpu.regions() if self._mpu.enabled else []:
            place = memory_map.find(region.base, region.size)
            if place is None or place[0].name in _TCM:
                continue
            port = s.PORT_AXI if region.cacheable else s.PORT_UNCACHED
            found.append((region.base, region.size, port, place[0].name in _FLASH))
        return found
