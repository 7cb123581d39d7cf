"""An export never takes the place of what is no export."""

import os
import stat

import pytest

from asylumatlas.exports.selection import ExportError
from asylumatlas.exports.targets import check_target


@pytest.mark.parametrize("replace", [True, False])
def test_a_pipe_or_a_device_is_not_replaced(tmp_path, replace):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ExportError, match="a device or a pipe"):
        check_target(pipe, replace)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
