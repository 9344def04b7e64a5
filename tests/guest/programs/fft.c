// SPDX-License-Identifier: MIT
//
// Fast Fourier transforms of doubles and floats, forth and back, with sines
// and cosines from their series and square roots; results as bits.

#include "program.h"

enum { N = 1024 };
static double re[N], im[N], cosine[N / 2], sine[N / 2];
static float fre[N], fim[N];

static void report(const char *what, const void *data, size_t size) {
  printf("%s %lx\n", what, (unsigned long)digest(data, size));
}

// cos and sin of x in 0 .. pi, by the series of x / 2.
static void circle(double x, double *c, double *s) {
  double y = x / 2, term = 1, even = 1, odd = 0;
  for (int n = 1; n < 30; n++) {
    term *= y / n;
    if (n % 2) odd += n % 4 == 1 ? term : -term;
    else even += n % 4 == 0 ? term : -term;
  }
  *c = even * even - odd * odd;
  *s = 2 * odd * even;
}

static void reverse_order(void) {
  for (int i = 1, j = 0; i < N; i++) {
    int bit = N / 2;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    double t = re[i], u = im[i];
    float ft = fre[i], fu = fim[i];
    re[i] = re[j];
    im[i] = im[j];
    re[j] = t;
    im[j] = u;
    fre[i] = fre[j];
    fim[i] = fim[j];
    fre[j] = ft;
    fim[j] = fu;
  }
}

static void transform(double direction) {
  reverse_order();
  for (int len = 2; len <= N; len *= 2)
    for (int start = 0; start < N; start += len)
      for (int k = 0; k < len / 2; k++) {
        int p = start + k, q = p + len / 2;
        double wr = cosine[k * (N / len)];
        double wi = sine[k * (N / len)] * direction;
        double xr = re[q] * wr - im[q] * wi, xi = re[q] * wi + im[q] * wr;
        re[q] = re[p] - xr;
        im[q] = im[p] - xi;
        re[p] += xr;
        im[p] += xi;
        float vr = (float)wr, vi = (float)wi;
        float yr = fre[q] * vr - fim[q] * vi, yi = fre[q] * vi + fim[q] * vr;
        fre[q] = fre[p] - yr;
        fim[q] = fim[p] - yi;
        fre[p] += yr;
        fim[p] += yi;
      }
}

int main(void) {
  uint64_t seed = 30;
  double error = 0, power = 0;
  for (int k = 0; k < N / 2; k++)
    circle(6.283185307179586 * k / N, &cosine[k], &sine[k]);
  report("circle", cosine, sizeof cosine);
  for (int i = 0; i < N; i++) {
    re[i] = (double)(int32_t)next_random(&seed) / 0x1p31;
    im[i] = (double)(int32_t)next_random(&seed) / 0x1p31;
    fre[i] = (float)re[i];
    fim[i] = (float)im[i];
  }
  transform(1);
  report("doubles", re, sizeof re);
  report("floats", fre, sizeof fre);
  for (int i = 0; i < N; i++)
    power += __builtin_sqrt(re[i] * re[i] + im[i] * im[i]);
  report("power", &power, sizeof power);
  transform(-1);
  report("back", im, sizeof im);
  seed = 30;
  for (int i = 0; i < N; i++) {
    double r = re[i] / N - (double)(int32_t)next_random(&seed) / 0x1p31;
    next_random(&seed);
    error = r * r > error ? r * r : error;
  }
  printf("back %s\n", error < 1e-28 ? "to where it was" : "elsewhere");
  return 0;
}
