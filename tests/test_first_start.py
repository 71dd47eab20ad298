"""What a start finds that nobody prepared."""

import os
import subprocess
import sys
from pathlib import Path

from tests.product import ROOT


def test_a_secret_key_of_ones_own_does_not_need_a_prepared_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "not" / "there"
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(data), "SECRET_KEY": "a secret of one's own " * 3},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert started.returncode == 0, started.stderr
    assert data.is_dir()
