"""The Ray Data graphs: what flows, in which order, into which table."""

import os

# Read by Ray when it is first imported, which every module here may cause.
for _key, _value in {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_LOG_TO_STDERR": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # a false alarm for every actor pool is written to stderr at level "error"
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}.items():
    os.environ.setdefault(_key, _value)
