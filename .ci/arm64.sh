#!/bin/sh
# SPDX-License-Identifier: MIT
#
# arm64.sh DIR PATTERN...: unpacks Debian packages for arm64 below DIR/root.
# A pattern is a regular expression for the whole name; of the packages that
# match, the one with the highest version number in its name is taken. A
# pattern that begins with `?` need not match any.
#
# This machine's own dpkg and apt are left alone: apt gets an empty private
# tree, and only its mirror is taken from the machine's own sources. Prints
# nothing if all went well; else the reason, status 1.
set -eu
[ $# -ge 2 ] || { echo "usage: arm64.sh DIR PATTERN..." >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

fail() { echo "arm64.sh: $*" >&2; exit 1; }

for tool in apt-get apt-cache dpkg-deb; do
  command -v "$tool" >/dev/null || fail "needs $tool, of Debian"
done
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keys" ] || fail "needs the package debian-archive-keyring"

# Mirror and suite of the first source that is no security archive.
source=$(apt-get indextargets --format '$(SITE) $(CODENAME)' \
  'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
  grep -v -e security -e '-updates$' -e '-backports$' | head -n 1)
mirror=${source% *} suite=${source#* }
[ -n "$source" ] || fail "no Debian mirror among the machine's apt sources"

apt=$dir/apt
mkdir -p "$apt/preferences.d" "$apt/apt.conf.d" "$apt/lists/partial" \
  "$apt/archives/partial" "$dir/debs" "$dir/root"
: >"$apt/status"
for part in "$suite" "$suite-backports"; do
  echo "deb [arch=arm64 signed-by=$keys] $mirror $part main"
done >"$apt/sources.list"
cat >"$apt/apt.conf" <<END
Dir::Etc "$apt";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
END
export APT_CONFIG="$apt/apt.conf"
timeout 120 apt-get -qq update >"$apt/log" 2>&1 ||
  fail "no package lists: $(tail -n 1 "$apt/log")"

names=
for pattern do
  name=$(apt-cache pkgnames | grep -Ex -- "${pattern#\?}" | sort -V |
    tail -n 1)
  [ -n "$name" ] || [ "${pattern#\?}" != "$pattern" ] ||
    fail "no package of $suite matches $pattern"
  names="$names $name"
done
# Word splitting of the names is wanted.
# shellcheck disable=SC2086
(cd "$dir/debs" && timeout 300 apt-get -qq download $names) \
  >"$apt/log" 2>&1 || fail "no download: $(tail -n 1 "$apt/log")"
for deb in "$dir"/debs/*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
