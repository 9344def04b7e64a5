// SPDX-License-Identifier: MIT
//
// Matrix products of doubles, floats, integers and bytes, and the solution of
// linear equations with pivoting; results as bits.

#include "program.h"

enum { N = 48 };
static double a[N][N], b[N][N], c[N][N];
static float fa[N][N], fb[N][N], fc[N][N];
static int32_t ia[N][N], ib[N][N], ic[N][N];
static int8_t ba[N][N], bb[N][N];

static void fill(void) {
  uint64_t seed = 20;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      int64_t r = (int64_t)next_random(&seed);
      a[i][j] = (double)(r >> 20) / 0x1p30;
      b[i][j] = (double)(int32_t)r / 0x1p24;
      fa[i][j] = (float)a[i][j];
      fb[i][j] = (float)(r >> 40) / 0x1p20f;
      ia[i][j] = (int32_t)(r >> 32);
      ib[i][j] = (int32_t)r;
      ba[i][j] = (int8_t)r;
      bb[i][j] = (int8_t)(r >> 8);
    }
}

static void report(const char *what, const void *data, size_t size) {
  printf("%s %lx\n", what, (unsigned long)digest(data, size));
}

static void products(void) {
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++) {
        c[i][j] += a[i][k] * b[k][j];
        fc[i][j] += fa[i][k] * fb[k][j];
      }
  report("doubles", c, sizeof c);
  report("floats", fc, sizeof fc);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < N; k++)
      for (int j = 0; j < N; j++)
        ic[i][j] = (int32_t)((uint32_t)ic[i][j]
                             + (uint32_t)ia[i][k] * (uint32_t)ib[k][j]);
  report("integers", ic, sizeof ic);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      int sum = 0;
      for (int k = 0; k < N; k++) sum += ba[i][k] * bb[j][k];
      ic[i][j] = sum;
    }
  report("bytes", ic, sizeof ic);
}

static double absolute(double v) { return v < 0 ? -v : v; }

// Solves a x = b for all columns of b, in place.
static void solve(void) {
  for (int k = 0; k < N; k++) {
    int pivot = k;
    for (int i = k + 1; i < N; i++)
      if (absolute(a[i][k]) > absolute(a[pivot][k])) pivot = i;
    for (int j = 0; j < N; j++) {
      double t = a[k][j], u = b[k][j];
      a[k][j] = a[pivot][j];
      a[pivot][j] = t;
      b[k][j] = b[pivot][j];
      b[pivot][j] = u;
    }
    for (int i = k + 1; i < N; i++) {
      double f = a[i][k] / a[k][k];
      for (int j = k; j < N; j++) a[i][j] -= f * a[k][j];
      for (int j = 0; j < N; j++) b[i][j] -= f * b[k][j];
    }
  }
  for (int k = N - 1; k >= 0; k--)
    for (int j = 0; j < N; j++) {
      for (int i = k + 1; i < N; i++) b[k][j] -= a[k][i] * b[i][j];
      b[k][j] /= a[k][k];
    }
  report("solution", b, sizeof b);
}

int main(void) {
  fill();
  products();
  solve();
  return 0;
}
