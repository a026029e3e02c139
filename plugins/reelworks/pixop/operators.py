"""One operator for each call to Pixop, in one place to import from."""

from __future__ import annotations

from reelworks.pixop.account_steps import (
    PixopAccountOperator,
    PixopListTeamsOperator,
    PixopUpdatePasswordOperator,
)
from reelworks.pixop.enhance import PixopEnhanceOperator
from reelworks.pixop.project_steps import (
    PixopCreateProjectOperator,
    PixopDeleteProjectOperator,
    PixopGetProjectOperator,
    PixopListProjectsOperator,
    PixopUpdateProjectOperator,
)
from reelworks.pixop.secret_steps import PixopRotateSecretOperator
from reelworks.pixop.transfer_steps import PixopDownloadOperator, PixopUploadOperator
from reelworks.pixop.video_steps import (
    PixopCancelProcessingOperator,
    PixopCreateVideoOperator,
    PixopDeleteVideoOperator,
    PixopGetVideoOperator,
    PixopListVideosOperator,
    PixopProcessVideoOperator,
)

__all__ = [
    "PixopAccountOperator",
    "PixopCancelProcessingOperator",
    "PixopCreateProjectOperator",
    "PixopCreateVideoOperator",
    "PixopDeleteProjectOperator",
    "PixopDeleteVideoOperator",
    "PixopDownloadOperator",
    "PixopEnhanceOperator",
    "PixopGetProjectOperator",
    "PixopGetVideoOperator",
    "PixopListProjectsOperator",
    "PixopListTeamsOperator",
    "PixopListVideosOperator",
    "PixopProcessVideoOperator",
    "PixopRotateSecretOperator",
    "PixopUpdatePasswordOperator",
    "PixopUpdateProjectOperator",
    "PixopUploadOperator",
]
