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


def test_what_the_database_address_says_beside_the_name_is_kept(tmp_path: Path) -> None:
    """`sslmode=require` that is dropped in silence sends the password over a bare line."""
    address = "postgresql://app@db.example/app?sslmode=require"
    asked = "from venice_site import settings; print(settings.DATABASES['default']['OPTIONS'])"
    options = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), "DATABASE_URL": address},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "'sslmode': 'require'" in options
    assert "'pool'" in options
