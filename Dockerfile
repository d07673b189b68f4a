# logwatch in a container: no root, no shell, no pip; writes to /var/lib/logwatch alone.
#
#   docker build -t logwatch .
#   docker run --read-only -v state:/var/lib/logwatch -v /scratch/logs:/logs:ro -p 9477:9477 logwatch
#
# A build that is to be the same for ever names the base by its digest: --build-arg BASE=python@sha256:…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
# Only what has a hash in the locks gets in; tools/lock_image.py writes them.
COPY deploy/container/runtime.lock deploy/container/build.lock ./
RUN pip install --no-cache-dir --root-user-action=ignore --only-binary=:all: --require-hashes -r build.lock \
 && python -m venv --without-pip /opt/logwatch \
 && pip --python /opt/logwatch/bin/python install --no-cache-dir --compile --only-binary=:all: \
    --require-hashes -r runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY seeds seeds
COPY deploy/systemd deploy/systemd
RUN pip wheel --no-cache-dir --no-index --no-deps --no-build-isolation --wheel-dir dist . \
 && pip --python /opt/logwatch/bin/python install --no-cache-dir --compile --no-index --no-deps dist/*.whl \
 && /opt/logwatch/bin/python -m logwatch.catalogue.recall

FROM ${BASE}
LABEL org.opencontainers.image.title="logwatch" \
      org.opencontainers.image.description="Tells what broke in training and GPU jobs, and what to do first" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN python -m pip uninstall --yes --root-user-action=ignore pip setuptools wheel \
 && install -d -o 65532 -g 65532 -m 0700 /var/lib/logwatch
COPY --from=build /opt/logwatch /opt/logwatch
COPY deploy/container/logwatch.yaml /etc/logwatch/logwatch.yaml
ENV PATH=/opt/logwatch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
# A number: Kubernetes cannot tell that a name is not root.
USER 65532:65532
VOLUME /var/lib/logwatch
EXPOSE 9477
# Where http.listen names another port, give --health-cmd or --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["/opt/logwatch/bin/python", "-c", "\
import http.client, sys; \
asked = http.client.HTTPConnection('127.0.0.1', 9477, timeout=4); \
asked.request('GET', '/livez'); \
sys.exit(asked.getresponse().status != 200)"]
ENTRYPOINT ["/opt/logwatch/bin/logwatch"]
CMD ["run", "-c", "/etc/logwatch/logwatch.yaml"]
