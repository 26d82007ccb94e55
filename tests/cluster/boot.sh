#!/usr/bin/env bash
# The first process of a host, in namespaces of its own: builds a root folder in which only the machine's
# programs are shared, then becomes the host's SSH server. Everything mounted here goes with the namespaces.
#
#     boot.sh FOLDER NAME USER STORAGE VISIBLE...
#
# FOLDER holds `etc` (laid over a copy of the machine's /etc), `home` and the empty `root`. STORAGE is mounted
# as /mnt/segsweep, unless it is empty. VISIBLE are folders that the host sees, read-only, where they are.
set -euo pipefail
folder=$1 name=$2 user=$3 storage=$4
shift 4
root=$folder/root

show() {  # FOLDER, or a link to one, where it is; read-only
  if [[ -L $1 ]]; then cp -P "$1" "$root$1"; else mkdir -p "$root$1" && mount --rbind -o ro "$1" "$root$1"; fi
}

echo "$name" >/proc/sys/kernel/hostname
mount -t tmpfs -o mode=755 tmpfs "$root"
mkdir -p "$root"/{dev,etc,mnt,proc,root,run/sshd,sys,tmp,var/tmp,"home/$user"}
chmod 1777 "$root"/tmp "$root"/var/tmp
for path in /usr /bin /sbin /lib*; do show "$path"; done
for path in "$@"; do show "$path"; done
cp -a /etc/. "$root/etc"
cp --remove-destination "$folder"/etc/* "$root/etc"
mount --bind "$folder/home" "$root/home/$user"
if [[ -n $storage ]]; then mkdir "$root/mnt/segsweep" && mount --bind "$storage" "$root/mnt/segsweep"; fi
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
ip link set lo up
exec chroot "$root" "$(command -v sshd)" -D -e -f /etc/sshd_config
