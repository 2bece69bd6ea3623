"""What a wheel holds: the library and the rooms above it, and the jobs as ``safesweep_jobs``, for ``jobs`` is nobody's name."""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["actors*", "miniature*", "pipelines*", "safesweep*"]),
        "safesweep_jobs",
    ],
    package_dir={"safesweep_jobs": "jobs"},
)
