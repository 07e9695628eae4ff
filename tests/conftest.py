"""How all tests run: nothing is timed, since a busy machine is no fault of the code."""

import hypothesis

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
