#!/bin/sh
# Builds dbacked and shows its main job on a sample: `sh scripts/quickstart.sh`. An SQLite database is backed up into a
# folder, listed, restored beside the original, and compared. Everything is in dist/quickstart; no server is needed.
set -eu
. "$(dirname "$0")/setup.sh"

"$BUN" scripts/build.ts

home=$PWD/dist/quickstart
rm -rf "$home"
mkdir -p "$home/backups"
"$BUN" scripts/sample.ts "$home/shop.db"

step() {
  printf '\n$ %s\n' "$*"
  "$@"
}

cd "$home"
PATH="$PWD/..:$PATH"
export PATH
cat >dbacked.toml <<END
[encryption]
recipients = ["$home/keys/dbacked-public.pem"]

[[stores]]
name = "folder"
type = "folder"
path = "$home/backups"

[[databases]]
name = "shop"
type = "sqlite"
url = "sqlite://$home/shop.db"
END

step dbacked keygen --out keys --no-passphrase
step dbacked run --once --config dbacked.toml
step dbacked list --config dbacked.toml
step dbacked restore --last-backup --config dbacked.toml --private-key-path keys/dbacked-private.pem \
  --to "sqlite://$home/restored.db"

"$OLDPWD/$BUN" "$OLDPWD/scripts/sample.ts" --compare shop.db restored.db
echo "The configuration, the keys, the backup and the restored database are in dist/quickstart."
