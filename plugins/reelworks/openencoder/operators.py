"""One operator for each call to an Open Encoder server, in one place to import from."""

from __future__ import annotations

from reelworks.openencoder.encode import OpenEncoderEncodeOperator
from reelworks.openencoder.job_steps import (
    OpenEncoderCancelJobOperator,
    OpenEncoderCreateJobOperator,
    OpenEncoderJobStatusOperator,
    OpenEncoderRestartJobOperator,
)
from reelworks.openencoder.machine_steps import (
    OpenEncoderCreateMachinesOperator,
    OpenEncoderDeleteAllMachinesOperator,
    OpenEncoderDeleteMachineOperator,
    OpenEncoderDeleteMachinesOperator,
    OpenEncoderListMachinesOperator,
    OpenEncoderMachinePricingOperator,
    OpenEncoderMachineRegionsOperator,
    OpenEncoderMachineSizesOperator,
    OpenEncoderNoteMachinesOperator,
)
from reelworks.openencoder.preset_steps import (
    OpenEncoderCheckPresetOperator,
    OpenEncoderCreatePresetOperator,
    OpenEncoderListPresetsOperator,
    OpenEncoderRegisterUserOperator,
    OpenEncoderSyncPresetsOperator,
    OpenEncoderUpdatePresetOperator,
)

__all__ = [
    "OpenEncoderCancelJobOperator",
    "OpenEncoderCheckPresetOperator",
    "OpenEncoderCreateJobOperator",
    "OpenEncoderCreateMachinesOperator",
    "OpenEncoderCreatePresetOperator",
    "OpenEncoderDeleteAllMachinesOperator",
    "OpenEncoderDeleteMachineOperator",
    "OpenEncoderDeleteMachinesOperator",
    "OpenEncoderEncodeOperator",
    "OpenEncoderJobStatusOperator",
    "OpenEncoderListMachinesOperator",
    "OpenEncoderListPresetsOperator",
    "OpenEncoderMachinePricingOperator",
    "OpenEncoderMachineRegionsOperator",
    "OpenEncoderMachineSizesOperator",
    "OpenEncoderNoteMachinesOperator",
    "OpenEncoderRegisterUserOperator",
    "OpenEncoderRestartJobOperator",
    "OpenEncoderSyncPresetsOperator",
    "OpenEncoderUpdatePresetOperator",
]
