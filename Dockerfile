# One image for every node, GPU or not: the CUDA libraries come with torch's wheels, the driver from the host.
#   docker build --tag REGISTRY/safesweep:0.1.0 .
# The base is pinned by the digest of its index; another one is given by --build-arg, and must be pinned likewise.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${PYTHON_IMAGE} AS build
ARG PYTHON_IMAGE
RUN case "$PYTHON_IMAGE" in *@sha256:*) ;; *) echo "PYTHON_IMAGE is $PYTHON_IMAGE; allowed: an image with @sha256:…" >&2; exit 1;; esac
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /build
# the dependencies alone first: a change of the code leaves their layer as it is
COPY pyproject.toml requirements.lock ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --requirement requirements.txt --constraint requirements.lock

FROM ${PYTHON_IMAGE}
# rsync, ssh and procps for the cluster launcher, wget for KubeRay's probes, the rest for opencv
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libglib2.0-0 openssh-client procps rsync wget \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --shell /bin/bash ray \
    && install --directory --owner ray --group ray /app
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY --chown=ray:ray README.md LICENSE pyproject.toml ./
COPY --chown=ray:ray actors/ actors/
COPY --chown=ray:ray jobs/ jobs/
COPY --chown=ray:ray miniature/ miniature/
COPY --chown=ray:ray pipelines/ pipelines/
COPY --chown=ray:ray safesweep/ safesweep/
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RAY_USAGE_STATS_ENABLED=0 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER ray
CMD ["python", "jobs/eval_i2p.py", "--limit", "8", "--lake", "/tmp/lake"]
