# One image for web (its default command), worker, beat and every command of manage.py; docs/containers.md says how to run it.
# Two targets: `site` serves, and `tools` adds PostgreSQL's client programs and restic, for migrations, backups and restores.
#
# The tag gets security updates with each build. To pin the base image instead, pass its digest, which
# `docker buildx imagetools inspect python:3.13-slim-trixie` prints:
#     docker build --build-arg BASE=python:3.13-slim-trixie@sha256:… .
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
WORKDIR /srv/ctac
COPY requirements.txt ./
# pip is only needed here: what is not in the image can't be used against it.
RUN python3 -m venv .venv \
 && .venv/bin/python -m pip install --no-cache-dir --only-binary :all: --require-hashes --requirement requirements.txt \
 && .venv/bin/python -m pip uninstall --yes pip
COPY . .
# A logo of the charity's own must be there now, because collectstatic copies it: a path in this folder, such as /srv/ctac/logo/ours.svg.
ARG CHARITY_LOGO=""
# A key that ends with this step; the other settings are in deploy/build.env. Bytecode is written now: later nothing can be.
RUN SECRET_KEY="$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
 && export SECRET_KEY ENV_FILE=deploy/build.env \
 && .venv/bin/python manage.py collectstatic --no-input \
 && .venv/bin/python manage.py compile_welsh \
 && .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -x '/\.venv/' .

FROM ${BASE} AS site
# A number, so that a host can see that it is not root. Volumes take on the owner of the folders that they are mounted on.
RUN groupadd --gid 10001 ctac \
 && useradd --uid 10001 --gid ctac --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ctac \
 && install --directory --owner ctac --group ctac --mode 0750 /var/lib/ctac /var/lib/ctac-backups \
 && install --directory --owner ctac --group ctac --mode 0755 /var/lib/ctac-static
COPY --from=build /srv/ctac /srv/ctac
WORKDIR /srv/ctac
ARG CHARITY_LOGO=""
ENV PATH=/srv/ctac/.venv/bin:$PATH \
    ENV_FILE=/dev/null \
    CTAC_VAR=/var/lib/ctac \
    CHARITY_LOGO=${CHARITY_LOGO} \
    PORT=8000 \
    WORKER_HEARTBEAT_FILE=/tmp/worker-heartbeat
USER 10001:10001
EXPOSE 8000
# Of the web server; compose.yaml has those of worker and beat.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/readyz\", timeout=4)"]
# gunicorn listens on PORT by itself.
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py"]

FROM site AS tools
USER 0:0
# Of the server's version: pg_dump must not be older. Debian's own, so that it gets security updates with each build.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client-17 restic \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
HEALTHCHECK NONE
