FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv --without-pip /venv
COPY requirements.txt ./
RUN pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check -r requirements.txt
ENV PATH=/venv/bin:$PATH
COPY manage.py ./
COPY venice_site venice_site
COPY gallery gallery
COPY chat chat
COPY templates templates
COPY static static
# The secret key is for this one command; the installation makes its own on the first start.
RUN SECRET_KEY=only-while-building DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
 && python -m compileall -q venice_site gallery chat manage.py


FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin studio \
 && install --directory --owner studio --group studio /data
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
USER studio
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://localhost:{os.environ['PORT']}/healthz\", timeout=4)"]
CMD ["python", "manage.py", "serve"]
