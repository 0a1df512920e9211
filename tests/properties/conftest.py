"""The same examples in every run: no seed of the day, no database, no slow machine's deadline."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "rsdeck",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("rsdeck")
