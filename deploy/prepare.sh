#!/bin/sh
# What the stack needs before its first start, made where it is missing: .env, secrets/, the folder of the reports.
# Nothing that is there is changed.
set -eu
cd "$(dirname "$0")/.."

# Containers read the secrets as users of their own, so the files are open and the folder is shut.
umask 022
[ -d secrets ] || mkdir -m 700 secrets
[ -s secrets/redis_password ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets/redis_password
key() { head -c 32 /dev/urandom | base64 | tr -d '=\n'; }
[ -s secrets/seal_keys ] || printf 'k-%s:%s\nnames:%s\n' "$(date -u +%Y%m%d)" "$(key)" "$(key)" > secrets/seal_keys
for secret in adobe_client_secret logicboxes_api_key metallic_password; do
  if [ ! -s "secrets/$secret" ]; then
    echo simulator > "secrets/$secret"
    echo "secrets/$secret is good for the simulator; write yours into it for a provider"
  fi
done

# The importer runs as whoever prepared it, so that the reports are theirs; but never as root.
user=$(id -u):$(id -g)
[ "$(id -u)" -ne 0 ] || user=10001:10001
if [ ! -d enlist-reports ]; then
  mkdir enlist-reports
  [ "$(id -u)" -ne 0 ] || chown "$user" enlist-reports
fi
[ -e .env ] || sed "s/^#ENLIST_USER=.*/ENLIST_USER=$user/" .env.example > .env
