# Rollbook in a container: `rollbook serve`, `rollbook worker run`, or any other command. See docs/howto/deploy.md.
FROM python:3.13.14-slim-bookworm AS build
WORKDIR /build
# with every extra: Redis, archives, cloud repositories, PDF
COPY requirements/image.lock requirements/image.lock
RUN python -m venv /opt/rollbook \
 && /opt/rollbook/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/image.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/rollbook/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13.14-slim-bookworm
# libgomp: LightGBM and scikit-learn are linked with it
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/rollbook rollbook \
 && install -d -o rollbook -g rollbook -m 0700 \
    /var/lib/rollbook /var/lib/rollbook-app /var/lib/rollbook-restored /var/backups/rollbook \
    /var/lib/rollbook-urls/app /var/lib/rollbook-urls/owner /var/lib/rollbook-urls/backup
COPY --from=build /opt/rollbook /opt/rollbook
ENV PATH=/opt/rollbook/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ROLLBOOK_HOME=/var/lib/rollbook
USER 10001:10001
WORKDIR /var/lib/rollbook
CMD ["rollbook", "--help"]
