"""Static files under names that tell their content, so that browsers keep them for good."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Modules import each other by those names too; under another name a module would run a second time."""

    support_js_module_import_aggregation = True
