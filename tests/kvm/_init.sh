#!/bin/busybox sh
# SPDX-License-Identifier: MIT
#
# The first process of the emulated machine: runs the tests that _check.lua
# has chosen (/tests.txt, in each line a backend and arguments for run.lua),
# shows what they print on the console, and what the kernel says of those that
# crash, and turns the machine off.
/bin/busybox mkdir -p /proc /sys /tmp /usr/bin /sbin
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t proc proc /proc
mount -t tmpfs tmpfs /tmp
echo 1 >/proc/sys/debug/exception-trace
echo 0 >/proc/sys/kernel/printk_ratelimit
cd /project || exit
. /environment
echo "# Linux $(uname -r) on $(uname -m), $(nproc) processors"
$TV_BUILD/tinyvmm backends | sed 's/^/# /'
while read -r backend line; do
  echo "== $backend $line"
  # Word splitting of the arguments is wanted.
  # shellcheck disable=SC2086
  TINYVMM_BACKEND=$backend \
    $TV_BUILD/tinyvmm tests/run.lua -v $line </dev/null 2>&1
  dmesg -c | grep -A 24 'unhandled' | sed 's/^/# /'
done </tests.txt
echo "== end after $(cut -d. -f1 /proc/uptime) s"
poweroff -f
