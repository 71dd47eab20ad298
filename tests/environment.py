"""The environment of a test run, set before the settings are read."""

import os
import tempfile

os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="studio-tests-")
os.environ["SECRET_KEY"] = "a secret key that only the tests know, long enough to be one"
for name in ("VENICE_API_KEYS", "VENICE_BASE_URL", "VENICE_STAND_IN_URL", "ENCRYPTION_KEYS"):
    os.environ.pop(name, None)
