#!/bin/sh
# Runs a program as a container would: sh cage.sh ROOT MOUNTS IDS PROGRAM WORD…, in namespaces of its own. ROOT becomes the root,
# read-only; MOUNTS has a line "ro|rw SOURCE TARGET" for each volume; IDS are words of setpriv that change the user. Nothing can be
# written but /tmp and what is rw.
set -eu
root=$1 mounts=$2 ids=$3
shift 3

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
for device in null zero random urandom; do mount --bind "/dev/$device" "$root/dev/$device"; done
while read -r mode source target; do
  mount --bind "$source" "$root$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$root$target"
done <"$mounts"
mount -o remount,bind,ro "$root"

# shellcheck disable=SC2086 # a list of words
exec chroot "$root" /usr/bin/setpriv $ids --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- "$@"
