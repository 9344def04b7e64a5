# SPDX-License-Identifier: MIT
#
# How guests in C and assembly are built: a Makefile that includes this file
# says what it wants, and needs no rule of its own:
#
#   include path/to/guest/guest.mk
#   all: $(GUEST_OUT)/hello.elf
#
# makes build/hello.elf from hello.c or hello.S and the SDK beside this file.
# More objects of one guest are prerequisites: a line
# `$(GUEST_OUT)/hello.elf: $(GUEST_OUT)/more.o`. `make hello.run` runs it.
# Variables with ?= below are for the user to set.

GUEST_GOAL := $(.DEFAULT_GOAL)
GUEST_DIR := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))

# gcc for aarch64, or clang, which then links with lld.
GUEST_CC ?= $(shell command -v aarch64-linux-gnu-gcc 2>/dev/null || \
  command -v aarch64-elf-gcc 2>/dev/null || echo clang)
GUEST_OUT ?= build
# Where the image lies, and the bytes of its heap (tinyvmm.ld).
GUEST_BASE ?= 0x10000
GUEST_HEAP ?= 0x40000
# Empty, FP and SIMD registers are the program's; an exception's handler must
# leave them alone, as the vectors save none of them.
GUEST_REGS ?= -mgeneral-regs-only
# 1: hypercalls are stores to the doorbell (README.md), for any host.
DOORBELL ?=
TINYVMM ?= tinyvmm

GUEST_CLANG := $(findstring clang,$(notdir $(GUEST_CC)))
GUEST_TARGET := $(if $(GUEST_CLANG),--target=aarch64-none-elf)

# -mstrict-align: with the MMU off data is Device memory.
# -mno-outline-atomics, -fno-stack-protector: nothing from libgcc or libc.
# -f and -mno-omit-...: the crash dump follows the frame pointers.
GUEST_CFLAGS = $(GUEST_TARGET) -std=c11 -O2 -g -Wall -Wextra -ffreestanding \
  -fno-pie -fno-stack-protector \
  -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer \
  -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
  -mstrict-align $(GUEST_REGS) -mno-outline-atomics \
  $(if $(DOORBELL),-DTV_BY_DOORBELL) \
  -I$(GUEST_DIR) -I$(<D) -MMD -MP $(CFLAGS)
# The symbols come first: GNU ld's DEFINED() in a script sees only those that
# were there before it.
GUEST_LDFLAGS = $(GUEST_TARGET) $(if $(GUEST_CLANG),-fuse-ld=lld,-no-pie) \
  -nostdlib -static -Wl,--defsym=TV_BASE=$(GUEST_BASE) \
  -Wl,--defsym=TV_HEAP=$(GUEST_HEAP) -Wl,-T,$(GUEST_DIR)/tinyvmm.ld \
  -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 $(LDFLAGS)

GUEST_SDK := $(patsubst %,$(GUEST_OUT)/sdk/%.o,\
  crt0 vectors crash printf heap string)

$(GUEST_OUT)/%.elf: $(GUEST_OUT)/%.o $(GUEST_SDK) $(GUEST_DIR)/tinyvmm.ld
	$(GUEST_CC) $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^)

$(GUEST_OUT)/sdk/%.o: $(GUEST_DIR)/%.c
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -c -o $@ $<

$(GUEST_OUT)/sdk/%.o: $(GUEST_DIR)/%.S
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -c -o $@ $<

$(GUEST_OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -c -o $@ $<

$(GUEST_OUT)/%.o: %.S
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CFLAGS) -c -o $@ $<

# Raw bytes, for vm:load(GUEST_BASE, bytes) and other machines.
$(GUEST_OUT)/%.bin: $(GUEST_OUT)/%.elf
	$(if $(GUEST_CLANG),llvm-objcopy,$(GUEST_CC:gcc=objcopy)) -O binary $< $@

%.run: $(GUEST_OUT)/%.elf
	$(TINYVMM) run $<

.PRECIOUS: $(GUEST_OUT)/%.o $(GUEST_OUT)/sdk/%.o $(GUEST_OUT)/%.elf

-include $(wildcard $(GUEST_OUT)/*.d $(GUEST_OUT)/sdk/*.d)

# What `make` alone makes is for the including file to say.
.DEFAULT_GOAL := $(GUEST_GOAL)
