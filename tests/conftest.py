"""Which tests share a process when several run at once: those of a file, and all that share the run of lab/."""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        group = "lab" if item.path.parent.name == "lab" else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
