// SPDX-License-Identifier: MIT
//
// A guest that speaks semihosting only: output, a file, the command line,
// the clock, and the end. It runs on any machine that serves HLT #0xf000;
// semihosting.lua shows ours.

#include "semihosting.h"
#include "tinyvmm.h"

static void print(const char *text) { semihosting(SYS_WRITE0, text); }

static int64_t file_call(uint32_t operation, uint64_t a, const void *b,
                         uint64_t c) {
  uint64_t block[3] = {a, (uint64_t)b, c};
  return (int64_t)semihosting(operation, block);
}

// mode: the index of r rb r+ r+b w wb w+ w+b a ab a+ a+b.
static int64_t open(const char *name, uint64_t mode) {
  uint64_t block[3] = {(uint64_t)name, mode, strlen(name)};
  return (int64_t)semihosting(SYS_OPEN, block);
}

static void write_and_read(void) {
  static const char text[] = "written by the guest\n";
  char back[64] = "";
  int64_t file = open("note.txt", 4);
  int64_t left = file_call(SYS_WRITE, (uint64_t)file, text, sizeof text - 1);
  file_call(SYS_CLOSE, (uint64_t)file, NULL, 0);
  if (file < 0 || left != 0) print("cannot write\n");

  file = open("note.txt", 0);
  if (file_call(SYS_FLEN, (uint64_t)file, NULL, 0) != sizeof text - 1)
    print("of another length\n");
  file_call(SYS_READ, (uint64_t)file, back, sizeof back - 1);
  file_call(SYS_CLOSE, (uint64_t)file, NULL, 0);
  print(back);
}

int main(void) {
  char line[256];
  uint64_t block[2] = {(uint64_t)line, sizeof line};
  print("semihosting works\n");
  if (semihosting(SYS_GET_CMDLINE, block) == 0) print(line);
  print("\n");
  write_and_read();
  if (open("../outside", 0) != -1) print("the fence has a hole\n");
  if (semihosting(SYS_CLOCK, NULL) > 100) print("that took long\n");
  block[0] = ADP_STOPPED_APPLICATION_EXIT;
  block[1] = 3;
  semihosting(SYS_EXIT, block);
  return 1;
}
