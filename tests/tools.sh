#!/usr/bin/env bash
# Installs what the tests use and the machine lacks.
set -euo pipefail

install() {
  local sudo=""
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

need=()
command -v cc >/dev/null || need+=(build-essential)
command -v redis-server >/dev/null || need+=(redis-server)
command -v openssl >/dev/null || need+=(openssl)
[ "${#need[@]}" -eq 0 ] || install "${need[@]}"

# A browser for the report's page. Its name differs from one distribution to the next; the test that wants it says loudly
# that it was skipped where there is none.
if ! command -v chromium chromium-browser google-chrome >/dev/null; then
  install chromium || echo "WARNING: chromium could not be installed; the test of report.html will be SKIPPED" >&2
fi

# A Docker engine for tests/stack, where there is none. That test passes without it and says so; installing it takes root
# anyway, and nobody is asked for a password for it.
PATH=$PATH:/usr/sbin:/sbin
want=()
if [ "$(id -u)" -eq 0 ] && ! docker info >/dev/null 2>&1; then
  command -v dockerd >/dev/null || want+=(docker.io)
  mountpoint -q /sys/fs/cgroup || want+=(cgroupfs-mount)
  [ ! -e /sys/kernel/security/apparmor ] || command -v apparmor_parser >/dev/null || want+=(apparmor)
  command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || want+=(docker-compose)
  command -v debootstrap >/dev/null || want+=(debootstrap)
fi
if [ "${#want[@]}" -gt 0 ] && ! install "${want[@]}"; then
  echo "WARNING: ${want[*]} could not be installed; the test of the stack will be SKIPPED" >&2
fi
