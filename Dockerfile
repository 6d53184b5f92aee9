# One image for the Prefect server, the set-up step and the workers.
FROM python:3.11-slim AS packages
COPY deploy/requirements.lock /requirements.lock
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement /requirements.lock

FROM python:3.11-slim
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/boekbrug
COPY prefect.yaml ./
COPY boekbrug boekbrug
COPY connectors connectors
COPY mappings mappings
COPY tasks tasks
COPY flows flows
COPY dashboard dashboard
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/boekbrug \
    PYTHONUNBUFFERED=1 \
    BOEKBRUG_HOME=/var/lib/boekbrug \
    PREFECT_HOME=/var/lib/boekbrug/prefect \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1
RUN printf '#!/bin/sh\nexec python -m boekbrug "$@"\n' > /usr/local/bin/boekbrug \
    && chmod 755 /usr/local/bin/boekbrug \
    && useradd --system --uid 10001 --home-dir /var/lib/boekbrug --create-home boekbrug \
    && python -m compileall -q .
USER boekbrug
CMD ["boekbrug", "--help"]
