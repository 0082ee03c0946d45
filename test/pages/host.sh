#!/bin/sh
# Runs a script as root of a machine of its own would, in namespaces of its own: sh host.sh PLACE SCRIPT. The folders in PLACE stand
# where those of the machine do, so that what a page writes to /etc is written there.
set -eu
place=$1 script=$2

mount --bind "$place/etc" /etc
mount --bind "$place/srv" /srv
mount --bind "$place/media" /media
mount --bind "$place/root" /root
mount --bind "$place/local" /usr/local
mount --bind "$place/state" /var/lib
cd /root
exec sh -eu "$script"
