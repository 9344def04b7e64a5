#!/bin/sh
# SPDX-License-Identifier: MIT
# debian-arm64.sh DIR PACKAGE...: arm64 packages of Debian unpacked in DIR/root,
# for tests on real code. A PACKAGE that begins with ^ is a pattern and stands
# for the newest package whose name fits. Needs apt of a Debian machine, whose
# own state stays untouched, and network; what is there is not fetched again.
# Status 2: the packages cannot be had here; the reason is on stderr.
set -eu
dir=${1:?usage: debian-arm64.sh DIR PACKAGE...}
shift
give_up() { echo "$1" >&2; exit 2; }

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
done="$dir/done"
touch "$done"
missing=
for package; do grep -qxF -- "$package" "$done" || missing=1; done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
  give_up "no apt here"
source=$(apt-get indextargets --format '$(SITE) $(CODENAME)' \
  'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
  grep -v -e security -e updates -e backports | sort -u | head -n 1)
[ -n "$source" ] || give_up "no package lists of Debian here"
site=${source%% *}
codename=${source#* }
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keys" ] || give_up "no keys of Debian here"

for d in etc/preferences.d etc/apt.conf.d etc/sources.list.d \
  state/lists/partial cache/archives/partial debs root
do mkdir -p "$dir/$d"; done
: >"$dir/state/status"
echo "deb [arch=arm64 signed-by=$keys] $site $codename main" \
  >"$dir/etc/sources.list"
cat >"$dir/apt.conf" <<END
Dir "$dir"; Dir::Etc "etc"; Dir::State "state"; Dir::Cache "cache";
Dir::State::status "$dir/state/status";
APT::Architecture "arm64"; APT::Architectures { "arm64"; };
APT::Sandbox::User "root"; Acquire::Languages "none";
Acquire::http::Timeout "20"; Acquire::Retries "2";
END
export APT_CONFIG="$dir/apt.conf"
[ -n "$(ls "$dir/state/lists" | grep -v partial)" ] ||
  timeout 120 apt-get -qq update >&2 || give_up "no package lists for arm64"

for package; do
  ! grep -qxF -- "$package" "$done" || continue
  case $package in
  ^*) name=$(apt-cache search --names-only "$package" | cut -d ' ' -f 1 |
        sort -V | tail -n 1) ;;
  *) name=$package ;;
  esac
  (cd "$dir/debs" && timeout 300 apt-get -qq download "$name" >&2) ||
    give_up "cannot download $package"
  for deb in "$dir/debs/$name"_*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
  echo "$package" >>"$done"
done
