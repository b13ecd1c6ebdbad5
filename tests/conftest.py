"""Settings of every test."""

from hypothesis import settings

# As hypothesis would have it (on CI the same cases each time), but no machine is too slow.
usual = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("patient", parent=usual, deadline=None)
settings.load_profile("patient")
