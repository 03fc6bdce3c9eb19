# svcdns as an image, for the DNS of a cluster and for the service proxy.
#
#   docker build -t svcdns:dev .                    both halves
#   docker build --target dns -t svcdns:dev-dns .   without what only `svcdns proxy` starts or loads
#
# Both are one image, so that a cluster loads, mirrors and pins one digest, and both halves are of
# one version. The target `dns` holds nothing that is not fixed by the digest of PYTHON_IMAGE and
# the hashes in requirements/: take it where nodes keep their kube-proxy.
#
# deploy/README.md says how to run it. There is no HEALTHCHECK: Kubernetes does not read it, and
# asks /health and /ready instead.

# Pin it: --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:...
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
# What is installed: requirements/quic.txt has what `forward` needs for quic:// too.
ARG REQUIREMENTS=requirements/run.txt
# The commit's time makes its files those of `make dist`: $(git log -1 --format=%ct)
ARG SOURCE_DATE_EPOCH
WORKDIR /src
COPY deploy/image deploy/image
COPY requirements requirements
COPY pyproject.toml README.md LICENSE ./
COPY svcdns svcdns
RUN deploy/image/wheel.sh requirements/build.txt dist
RUN deploy/image/install.sh dist/*.whl "$REQUIREMENTS" /opt/svcdns

FROM ${PYTHON_IMAGE} AS dns
ARG PYTHON_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="svcdns" \
      org.opencontainers.image.description="Cluster DNS and service proxy for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
COPY --from=build /opt/svcdns /opt/svcdns
ENV PATH=/opt/svcdns/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
EXPOSE 53/udp 53/tcp 8080/tcp 8181/tcp 9153/tcp
# A number, so that runAsNonRoot can be checked without a look into the image.
USER 65532:65532
ENTRYPOINT ["svcdns"]
CMD ["serve"]

FROM dns AS svcdns
USER 0:0
COPY deploy/image/packages.sh /opt/svcdns/packages.sh
RUN /opt/svcdns/packages.sh
EXPOSE 10256/tcp
# The proxy alone needs root: what Kubernetes adds as a capability, only root has in effect.
USER 65532:65532
