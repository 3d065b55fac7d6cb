#!/usr/bin/env bash
# Installs what the tests use and the machine lacks. The embedded ledger needs nothing; later tests list their needs here.
set -euo pipefail
need=()
command -v cc >/dev/null || need+=(build-essential)
if [ "${#need[@]}" -gt 0 ]; then
  sudo=""; [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}"
fi
