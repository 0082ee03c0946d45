# Brings Bun and the packages, at the versions that package.json and bun.lock pin. Sourced by the other scripts:
# it moves to the repository's root and sets BUN. Needs npm or that very Bun; on Debian, root gets npm by itself.

cd "$(dirname "$0")/.."
bun_version=$(sed -n 's/^ *"bun": "\(.*\)",*$/\1/p' package.json)
BUN=node_modules/.bin/bun

# Installs Debian packages if we may, else names them. $1: what they are for; the rest: the packages.
need_packages() {
  purpose=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing for $purpose: $*" >&2
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
  else
    echo "setup: $purpose needs these packages: $*" >&2
    exit 1
  fi
}

if [ "$("$BUN" --version 2>/dev/null)" = "$bun_version" ]; then
  "$BUN" install --frozen-lockfile --silent
elif [ "$(bun --version 2>/dev/null)" = "$bun_version" ]; then
  bun install --frozen-lockfile --silent
else
  command -v npx >/dev/null || need_packages "Bun $bun_version" npm
  npx --yes "bun@$bun_version" install --frozen-lockfile --silent
fi
