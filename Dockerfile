# docker build -t ecg-bench .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" ecg-bench run --reader resnet1d
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE DATA_LICENSE.md ./
COPY bench bench
COPY measurements measurements
COPY phantoms phantoms
COPY readers readers
COPY renderers renderers
COPY taxonomy taxonomy
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11.14-slim-bookworm
# The extras to install, such as "[vlm,pages]".
ARG EXTRAS=""
# PyTorch's own index has the build for CPUs; PyPI's for Linux brings several GB of CUDA libraries.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt /tmp/constraints.txt
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" torch==2.13.0
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt "$(ls /tmp/wheels/*.whl)$EXTRAS"
# Whoever runs it, also under --user, may write what is kept between calls.
ENV XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/cache/matplotlib PYTHONDONTWRITEBYTECODE=1
RUN useradd --create-home reader && mkdir /work && chown reader /work
USER reader
WORKDIR /work
# An image that cannot start its command is not made; what that keeps would be in the way of whoever runs it.
RUN XDG_CACHE_HOME=/tmp/check MPLCONFIGDIR=/tmp/check ecg-bench readers && rm -rf /tmp/check
ENTRYPOINT ["ecg-bench"]
CMD ["--help"]
