#!/bin/sh
# What tests need besides Python packages: PostgreSQL's programs, a browser, Chinese letters, an LDAP directory and what
# its client is built with. Installed when we may.
set -eu

missing=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi "noto.*cjk" || missing="$missing fonts-noto-cjk"
[ -x /usr/sbin/slapd ] || command -v slapd >/dev/null 2>&1 || missing="$missing slapd"
command -v ldapmodify >/dev/null 2>&1 || missing="$missing ldap-utils"
[ -e /usr/include/ldap.h ] || missing="$missing libldap2-dev"
[ -e /usr/include/sasl/sasl.h ] || missing="$missing libsasl2-dev"
command -v gcc >/dev/null 2>&1 || missing="$missing gcc"
headers="import os, sysconfig; os.stat(sysconfig.get_path('include') + '/Python.h')"
.venv/bin/python -c "$headers" 2>/dev/null || missing="$missing python3-dev"
[ -n "$missing" ] || exit 0

sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if ! command -v apt-get >/dev/null 2>&1 || ! $sudo true 2>/dev/null; then
  echo "Tests need:$missing. Please install them." >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
# Without a directory of its own, which would be served from then on.
case "$missing" in *slapd*) echo "slapd slapd/no_configuration boolean true" | $sudo debconf-set-selections ;; esac
# shellcheck disable=SC2086 # one word a package
$sudo apt-get install --yes --quiet --no-install-recommends $missing >/dev/null 2>&1 || {
  $sudo apt-get update --quiet >/dev/null
  $sudo apt-get install --yes --quiet --no-install-recommends $missing >/dev/null
}
