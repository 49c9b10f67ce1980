#!/bin/sh
# What tests need besides Python packages: PostgreSQL's programs, a browser, Chinese letters. Installed when we may.
set -eu

missing=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi "noto.*cjk" || missing="$missing fonts-noto-cjk"
[ -n "$missing" ] || exit 0

sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if ! command -v apt-get >/dev/null 2>&1 || ! $sudo true 2>/dev/null; then
  echo "Tests need:$missing. Please install them." >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word a package
$sudo apt-get install --yes --quiet --no-install-recommends $missing >/dev/null 2>&1 || {
  $sudo apt-get update --quiet >/dev/null
  $sudo apt-get install --yes --quiet --no-install-recommends $missing >/dev/null
}
