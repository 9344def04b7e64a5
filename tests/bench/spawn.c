// SPDX-License-Identifier: MIT
//
// spawn COUNT COMMAND [ARG...] [-- COMMAND [ARG...]]...: starts each command
// COUNT times, in turn, with its output thrown away, and prints for each the
// median nanoseconds from start to exit and its exit status.

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "bench.h"

extern char **environ;

enum { COMMANDS = 8, COUNT = 1000 };

static double start(char **command, const posix_spawn_file_actions_t *quiet,
                    int *status) {
  pid_t pid;
  double start = bench_ns();
  int e = posix_spawnp(&pid, command[0], quiet, NULL, command, environ);
  if (e) bench_fail(command[0], strerror(e));
  if (waitpid(pid, status, 0) < 0) bench_fail(command[0], "waitpid");
  return bench_ns() - start;
}

int main(int argc, char **argv) {
  static double ns[COMMANDS][COUNT];
  char **command[COMMANDS];
  int status[COMMANDS], commands = 0;
  size_t count = argc > 2 ? strtoul(argv[1], NULL, 0) : 0;
  if (count < 1 || count > COUNT) bench_fail("spawn", "COUNT COMMAND...");
  for (int i = 2; i < argc; i++) {
    if (commands == COMMANDS) bench_fail("spawn", "too many commands");
    command[commands++] = argv + i;
    while (i < argc && strcmp(argv[i], "--") != 0) i++;
    argv[i] = NULL;
  }
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  for (size_t n = 0; n < count; n++)
    for (int c = 0; c < commands; c++)
      ns[c][n] = start(command[c], &quiet, &status[c]);
  for (int c = 0; c < commands; c++)
    printf("ns %.0f\nstatus %d\n", bench_median(ns[c], count), status[c]);
}
