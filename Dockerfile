# One small image: the program, the C libraries it is linked to, the certificate authorities. No shell, no package manager.
# It runs as 10001 and writes nowhere but to what is mounted. docs/decisions/0011 has the reasons.

ARG BUILD_IMAGE=rust:1-slim-bookworm
FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
# A program built elsewhere, dist/enlist, where the image above cannot be had. Any Debian image will do then:
#   docker build --build-arg BUILD_IMAGE=debian:bookworm-slim --build-arg BINARY=dist/enlist .
ARG BINARY=
RUN set -eu; \
    if [ -z "$BINARY" ]; then cargo build --release --locked --bin enlist; fi; \
    install -D "${BINARY:-target/release/enlist}" /image/usr/local/bin/enlist; \
    # If it needs a newer libc than there is, the build fails, and not the deployment.
    /image/usr/local/bin/enlist --version; \
    for library in $(ldd /image/usr/local/bin/enlist | grep -o '/[^ ]*'); do \
        install -D "$library" "/image$library"; \
    done; \
    if [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then \
        apt-get update && apt-get install --yes --no-install-recommends ca-certificates; \
    fi; \
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt; \
    echo 'enlist:x:10001:10001::/:/usr/sbin/nologin' > /image/etc/passwd; \
    echo 'enlist:x:10001:' > /image/etc/group; \
    install -d -m 1777 /image/tmp

FROM scratch
COPY --from=build /image /
USER 10001:10001
WORKDIR /
ENTRYPOINT ["enlist"]
