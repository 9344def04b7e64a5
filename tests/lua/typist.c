// SPDX-License-Identifier: MIT
//
// A user at a terminal: runs a program on a pseudo-terminal of 24 lines and
// 80 columns and does what the steps on standard input say:
//
//   typist PROGRAM [ARGUMENT...] <STEPS
//
// A step ends with a NUL. "<TEXT" waits until TEXT is on the screen, behind
// what earlier steps waited for; ">TEXT" types it. Nothing depends on time: a
// key is typed when the program shows that it is ready for it. At the end,
// whatever is still to come is read, all that was seen is printed, without
// carriage returns, and "code N" in a line of its own. The status is 0, 1 if
// a text did not come within LIMIT seconds, and 77 if this machine has no
// terminals.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 150, STEPS = 1 << 16, SCREEN = 1 << 20, NO_TERMINAL = 77 };

static struct {
  char text[SCREEN];      // all that was seen
  size_t size, matched;   // up to where steps have waited for it
} screen;

// Adds what the program writes within what is left of the time; false at the
// end of its output.
static bool look(int terminal, time_t end) {
  char bytes[4096];
  struct pollfd ready = { .fd = terminal, .events = POLLIN };
  time_t left = end - time(NULL);
  if (left <= 0 || poll(&ready, 1, (int)left * 1000) == 0) return false;
  ssize_t n = read(terminal, bytes, sizeof bytes);
  for (ssize_t i = 0; i < n && screen.size < SCREEN - 1; i++)
    if (bytes[i] != '\r') screen.text[screen.size++] = bytes[i];
  screen.text[screen.size] = '\0';
  return n > 0 || (n < 0 && errno == EINTR);
}

static bool wait_for(int terminal, const char *text, time_t end) {
  for (;;) {
    char *at = strstr(screen.text + screen.matched, text);
    if (at != NULL) {
      screen.matched = (size_t)(at - screen.text) + strlen(text);
      return true;
    }
    if (!look(terminal, end)) return false;
  }
}

static bool type(int terminal, const char *text) {
  size_t size = strlen(text);
  return write(terminal, text, size) == (ssize_t)size;
}

// The child's side: its own session, the terminal in place of all three.
static void become(char **program, int fd) {
  setsid();
  ioctl(fd, TIOCSCTTY, 0);
  struct winsize size = { .ws_row = 24, .ws_col = 80 };
  ioctl(fd, TIOCSWINSZ, &size);
  for (int i = 0; i < 3; i++) dup2(fd, i);
  if (fd > 2) close(fd);
  execvp(program[0], program);
  _exit(127);
}

// Starts the program; false if there are no terminals. Its side is open before
// it starts: a terminal that nobody has open reads as ended.
static bool start(char **program, int *terminal, pid_t *child) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY);
  if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0) return false;
  const char *name = ptsname(fd);
  int other = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
  if (other < 0) return false;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  *terminal = fd;
  *child = fork();
  if (*child == 0) become(program, other);
  close(other);
  return *child > 0;
}

// The first step that failed, or NULL.
static const char *play(int terminal, const char *steps, size_t size,
                        time_t end) {
  for (const char *s = steps; s < steps + size; s += strlen(s) + 1)
    if (!(*s == '<' ? wait_for(terminal, s + 1, end) : type(terminal, s + 1)))
      return s;
  return NULL;
}

int main(int argc, char **argv) {
  static char steps[STEPS];
  size_t size = fread(steps, 1, sizeof steps - 1, stdin);
  int terminal, status = 0;
  pid_t child;
  if (argc < 2 || !start(argv + 1, &terminal, &child)) return NO_TERMINAL;
  time_t end = time(NULL) + LIMIT;
  const char *failed = play(terminal, steps, size, end);
  while (failed == NULL && look(terminal, end)) continue;
  if (failed != NULL || time(NULL) >= end) kill(child, SIGKILL);
  waitpid(child, &status, 0);
  printf("%s\ncode %d\n", screen.text, WIFEXITED(status)
    ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  if (failed != NULL) printf("in vain: %s\n", failed);
  return failed != NULL;
}
