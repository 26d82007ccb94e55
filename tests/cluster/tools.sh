#!/usr/bin/env bash
# Installs from Debian what the cluster test needs. An SSH server that comes by it stays off: the test's hosts
# start their own, and nobody asked for one on this machine.
set -euo pipefail
command -v apt-get >/dev/null || { echo "no apt-get here: install what has sshd, ssh, ip, rsync, curl and fuser"; exit 2; }
[[ $(id -u) = 0 ]] || { echo "only root may install packages: sudo make cluster-tools"; exit 2; }

if ! command -v sshd >/dev/null && [[ -d /run/systemd/system ]]; then
  systemctl mask ssh.service ssh.socket
  echo "this machine's own SSH server stays off; systemctl unmask ssh.service lets it start"
fi
apt-get -q install -y --no-install-recommends openssh-server openssh-client iproute2 rsync curl psmisc
