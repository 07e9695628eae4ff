"""How all tests run.

Those of a file share a process when several run at once, and so do all that share the run of lab/. Nothing is timed:
a busy machine is no fault of the code.
"""

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)  # in front of the plugin that reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        group = "lab" if item.path.parent.name == "lab" else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
