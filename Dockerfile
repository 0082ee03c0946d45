# dbacked with the clients of PostgreSQL and MariaDB, built from these sources: docker build --tag dbacked .
# Another base brings other versions of the clients: --build-arg BASE=debian:trixie-slim
ARG BASE=debian:bookworm-slim

FROM node:22-bookworm-slim AS build
WORKDIR /source
COPY package.json bun.lock bunfig.toml ./
COPY scripts/setup.sh scripts/
RUN sh -c '. scripts/setup.sh' scripts/setup.sh
COPY scripts scripts
COPY src src
COPY docs docs
RUN node_modules/.bin/bun scripts/build.ts

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates postgresql-client mariadb-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /source/dist/dbacked /usr/local/bin/dbacked
# A number, so that Kubernetes can see that it is not root. It owns nothing in the image.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/dbacked"]
CMD ["run"]
