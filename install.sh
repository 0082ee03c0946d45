#!/bin/sh
# Installs dbacked on Linux or macOS, or puts another version in its place:
#
#   curl -fsSL https://dbacked.com/download/install.sh | sh
#   wget -qO- https://dbacked.com/download/install.sh | sh -s -- --version 1.2.3 --dir /opt/bin
#
# What is there stays until the new program was verified and has started.

# The braces make it one command: a shell that has not got all of it runs nothing.
{
set -eu

DEFAULT_URL=https://dbacked.com/download

# The public key that the releases are signed with. `bun run release` writes it here; the sources have none.
RELEASE_KEY=''

usage() {
  cat <<END
Usage: install.sh [options]

Downloads dbacked for this machine, verifies its checksum and its signature, and installs it in /usr/local/bin, or in
~/.local/bin for who may not write there.

Options:
  --version VERSION  this version, not the newest
  --dir DIR          where to install
  --dry-run          say what would be done; install nothing
  --no-signature     do not verify the signature
  --help             print this help

DBACKED_DOWNLOAD_URL is where the releases are, if not at $DEFAULT_URL.
END
}

main() {
  LC_ALL=C
  export LC_ALL
  umask 022
  version='' dir='' dry_run='' no_signature='' stage=''
  read_options "$@"
  choose_url
  choose_file
  [ -n "$dir" ] || choose_dir
  trap '[ -z "$stage" ] || rm -rf "$stage"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
  check_tools
  open_stage
  read_sums
  if [ -n "$dry_run" ]; then
    say "Would install dbacked $found from $from/$file as $dir/dbacked"
    return
  fi
  download_program
  try_program
  replace_program
  say "Installed dbacked $found as $dir/dbacked"
  look_at_path
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --version | --dir)
        [ -n "${2-}" ] || misuse "$1 needs a value"
        if [ "$1" = --dir ]; then dir=$2; else version=${2#v}; fi
        shift
        ;;
      --version=?*) version=${1#*=} version=${version#v} ;;
      --dir=?*) dir=${1#*=} ;;
      --dry-run) dry_run=yes ;;
      --no-signature) no_signature=yes ;;
      --help | -h)
        usage
        exit 0
        ;;
      *) misuse "unknown option $1" ;;
    esac
    shift
  done
  [ -z "$version" ] || is_version "$version" || misuse "$version is no version"
  case $dir in
    '' | /*) ;;
    # No shell expands it in --dir=~/bin.
    '~'*) misuse "$dir begins with a tilde" ;;
    *) dir=$PWD/$dir ;;
  esac
}

is_version() {
  case $1 in
    *[!0-9A-Za-z.+-]*) return 1 ;;
    [0-9]*) ;;
    *) return 1 ;;
  esac
}

# Sets `url`, whether it is the usual one, and `from`, where the files of the wanted version are.
choose_url() {
  url=${DBACKED_DOWNLOAD_URL:-$DEFAULT_URL}
  url=${url%/}
  is_default=''
  [ "$url" != "$DEFAULT_URL" ] || is_default=yes
  case $url in
    http://?* | https://?*) host=${url#*://} host=${host%%/*} ;;
    *) die "DBACKED_DOWNLOAD_URL must begin with https:// or http://" ;;
  esac
  case $host in
    # Everybody on the machine sees the arguments of curl and wget.
    *@*) die "DBACKED_DOWNLOAD_URL may not hold a name or password" ;;
  esac
  from=$url${version:+/v$version}
}

# Sets `file`, the binary that this machine needs.
choose_file() {
  system=$(uname -s) machine=$(uname -m)
  case $machine in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) die "there is no dbacked for this CPU: $machine" ;;
  esac
  case $system in
    Linux)
      # The kernel may be of 64 bits while all programs are of 32.
      [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] || die "there is no dbacked for systems of 32 bits"
      if [ "$cpu" = x64 ] && ! has_avx2; then cpu=x64-baseline; fi
      if is_musl; then cpu=$cpu-musl; fi
      file=dbacked-linux-$cpu.gz
      ;;
    Darwin)
      # Under Rosetta an ARM says that it is an Intel.
      if [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then cpu=arm64; fi
      file=dbacked-darwin-$cpu.gz
      ;;
    *) die "there is no dbacked for $system" ;;
  esac
}

has_avx2() {
  grep -Eqs '^flags[[:space:]]*:.*[[:space:]]avx2([[:space:]]|$)' /proc/cpuinfo
}

# A system with glibc may hold musl's loader too, so glibc is asked first.
is_musl() {
  if getconf GNU_LIBC_VERSION >/dev/null 2>&1; then return 1; fi
  case $(ldd --version 2>&1 || :) in
    *musl*) return 0 ;;
    *GLIBC* | *'GNU libc'*) return 1 ;;
  esac
  for loader in /lib/ld-musl-*; do
    if [ -e "$loader" ]; then return 0; fi
  done
  return 1
}

# Before anything is downloaded: the program is large.
check_tools() {
  has curl || has wget || die "there is neither curl nor wget on this machine" "install one of them"
  has gzip || die "there is no gzip on this machine" "install it"
  has sha256sum || has shasum || has openssl ||
    die "there is no sha256sum, shasum or openssl on this machine" "install one of them"
}

choose_dir() {
  dir=/usr/local/bin
  if [ "$(id -u)" = 0 ] || [ -w "$dir" ]; then return; fi
  [ -n "${HOME-}" ] || die "HOME is not set, and $dir is not writable" "say where to install: --dir DIR"
  dir=$HOME/.local/bin
}

# Makes a folder beside the program-to-be: what lies there can be renamed into place, and is started from where it will
# be started later. What was killed a day ago or more is swept.
open_stage() {
  if [ -n "$dry_run" ]; then
    stage=$(mktemp -d) || die "cannot make a temporary folder"
    return
  fi
  [ ! -d "$dir/dbacked" ] || die "$dir/dbacked is a folder"
  instead="run this as root, or choose another folder: --dir DIR"
  [ -d "$dir" ] || mkdir -p "$dir" || die "cannot make $dir" "$instead"
  stage=$(mktemp -d "$dir/.dbacked-install.XXXXXX") || die "cannot write to $dir" "$instead"
  find "$dir" -maxdepth 1 -name '.dbacked-install.*' -mtime +0 -exec rm -rf {} + 2>/dev/null || :
}

# Sets `found`, the version that is offered, and `sum`, the checksum of its file: both as the signed list has them.
read_sums() {
  fetch SHA256SUMS || die "there is no $from/SHA256SUMS" "is the version right? is DBACKED_DOWNLOAD_URL?"
  verify_signature
  found='' sum=''
  while read -r left right; do
    case $left in
      '#') found=${right#dbacked } ;;
      *) if [ "$right" = "$file" ]; then sum=$left; fi ;;
    esac
  done <"$stage/SHA256SUMS"
  is_version "$found" || die "$from/SHA256SUMS is no list of a release of dbacked"
  [ -n "$sum" ] || die "dbacked $found has no file for this machine, $file"
  [ -z "$version" ] || [ "$version" = "$found" ] || die "$from holds another version, $found"
}

verify_signature() {
  if [ -n "$no_signature" ]; then
    warn "the signature is not verified, as --no-signature says"
  elif [ -z "$RELEASE_KEY" ]; then
    unverified "this install.sh holds no release key"
  elif ! has openssl; then
    unverified "there is no openssl on this machine"
  elif ! fetch SHA256SUMS.sig; then
    unverified "there is no $from/SHA256SUMS.sig"
  else
    printf '%s\n' "$RELEASE_KEY" >"$stage/key.pem"
    openssl dgst -sha256 -verify "$stage/key.pem" -signature "$stage/SHA256SUMS.sig" "$stage/SHA256SUMS" \
      >/dev/null 2>&1 || die "the signature of $from/SHA256SUMS is wrong: nothing from there can be trusted"
  fi
}

unverified() {
  [ -z "$is_default" ] || die "the signature cannot be verified: $1" "to install all the same: --no-signature"
  warn "the signature was not verified: $1"
}

download_program() {
  say "Downloading dbacked $found from $from/$file"
  fetch "$file" || die "there is no $from/$file"
  actual=$(sum_of "$stage/$file") || exit 1
  [ "$actual" = "$sum" ] ||
    die "$from/$file has another checksum than SHA256SUMS says" "was it replaced just now, or damaged? try again"
  gzip -dc <"$stage/$file" >"$stage/dbacked" 2>"$stage/said" || die "cannot unpack it in $dir: $(last_words)"
  rm -f "${stage:?}/$file"
}

try_program() {
  chmod 755 "$stage/dbacked"
  said=$("$stage/dbacked" --version 2>&1 </dev/null) || die "the new dbacked does not start here: $said" "$(why_no_start)"
  [ "$said" = "$found" ] || die "the new dbacked says that it is $said, not $found"
}

why_no_start() {
  case $file in
    *-musl*) echo "it needs libstdc++ and libgcc: apk add libstdc++ libgcc" ;;
    *) echo "may programs be started from $dir?" ;;
  esac
}

replace_program() {
  # An old `sync` takes no file, and writes out everything.
  sync "$stage/dbacked" 2>/dev/null || :
  mv -f "$stage/dbacked" "$dir/dbacked" || die "cannot write $dir/dbacked"
}

look_at_path() {
  first=$(command -v dbacked || :)
  if [ -z "$first" ]; then
    warn "$dir is not in PATH"
  elif [ "$first" != "$dir/dbacked" ]; then
    warn "\`dbacked\` still means $first, which comes first in PATH"
  fi
}

# Downloads $1 into the stage; fails if the server says that there is no such file, and ends everything if anything else
# goes wrong.
fetch() {
  if has curl; then
    # curl follows no way from https to http.
    only=$(expr "$url" : '\(https*\):')
    if [ "$only" = http ]; then only=http,https; fi
    # Some packages of curl may only write to stdout.
    curl -fsSL --proto "=$only" --connect-timeout 30 --speed-limit 1 --speed-time 60 --retry 2 "$from/$1" \
      >"$stage/$1" 2>"$stage/said" && return
  else
    # Not every BusyBox knows these options. GNU wget would wait for fifteen minutes and try twenty times.
    patience=''
    case $(wget --version 2>/dev/null || :) in *GNU*) patience='-T 60 -t 3' ;; esac
    # shellcheck disable=SC2086 # a list of words
    wget $patience -O "$stage/$1" "$from/$1" >"$stage/said" 2>&1 && return
  fi
  # As curl, GNU wget and BusyBox have it.
  if grep -Eq '(error: |ERROR |HTTP/[0-9.]+ )404' "$stage/said"; then return 1; fi
  die "cannot download $from/$1: $(last_words)"
}

sum_of() {
  if has sha256sum; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 <"$1" | cut -d ' ' -f 1
  else
    openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
  fi
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# On a full disk, what a program says finds no room either.
last_words() {
  words=$(sed '/^[[:space:]]*$/d' "$stage/said" 2>/dev/null | tail -n 1)
  printf '%s\n' "${words:-is the disk full?}"
}

say() {
  printf '%s\n' "$1"
}

warn() {
  printf 'dbacked: warning: %s\n' "$1" >&2
}

die() {
  printf 'dbacked: error: %s\n' "$1" >&2
  [ $# = 1 ] || printf 'dbacked: hint: %s\n' "$2" >&2
  exit 1
}

misuse() {
  printf 'dbacked: error: %s\ndbacked: hint: install.sh --help\n' "$1" >&2
  exit 2
}

main "$@"
}
