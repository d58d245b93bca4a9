# The editor as a server. Built with CUDA (PyTorch's usual build for Linux on x86-64):
#     docker build -t palimpsest .
#     docker run --gpus all -p 7860:7860 -v palimpsest:/data palimpsest
# For a machine without an NVIDIA card, some gigabytes smaller; CPU_WHEELS is the address of PyTorch's wheels for CPUs,
# as its "Get started" page shows it:
#     docker build -t palimpsest --build-arg DEVICE=cpu --build-arg CPU_WHEELS=... .
FROM python:3.11-slim

ARG DEVICE=cuda
ARG CPU_WHEELS=
# further packages, as "psycopg[binary] prometheus-client" for a store in PostgreSQL and for metrics
ARG PACKAGES=

# models and settings lie in the volume too where the documents are in a database
RUN useradd --create-home palimpsest && mkdir /data /palimpsest && chown palimpsest /data \
    && ln -s /data /palimpsest/palimpsest-data
WORKDIR /palimpsest

COPY requirements.txt requirements.lock ./
RUN case "$DEVICE" in \
      cuda) ;; \
      cpu) test -n "$CPU_WHEELS" || { echo "DEVICE=cpu needs --build-arg CPU_WHEELS=ADDRESS."; exit 1; }; \
           pip install --no-cache-dir --index-url "$CPU_WHEELS" "$(grep -o '^torch==[0-9.]*' requirements.txt)" ;; \
      *) echo "DEVICE is cuda or cpu, not $DEVICE."; exit 1 ;; \
    esac && pip install --no-cache-dir -r requirements.txt $PACKAGES -c requirements.lock

COPY app.py pyproject.toml README.md LICENSE ./
COPY editor editor
COPY pipelines pipelines
COPY assets assets

USER palimpsest
VOLUME /data
EXPOSE 7860
# strangers need a proxy with a login before it, see docs/deployment.md; ARGS of `docker run` follow, as --public-host
ENTRYPOINT ["python", "app.py", "--host", "0.0.0.0", "--data", "/data"]
