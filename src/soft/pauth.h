// SPDX-License-Identifier: MIT
//
// Pointer authentication (Arm ARM D8.10, J1.1 "Pointer authentication"): the
// code of a pointer, and where it goes in it. Pure functions: the caller says
// what registers, features and algorithm are. An instance is one key used in
// one way.
//
//   63    56 55 54        bottom           0
//   |  PAC  | s |   PAC     |   address     |    s: upper or lower half;
//   or tag                                       with top byte ignored the
//                                                tag stays

#ifndef SOFT_PAUTH_H
#define SOFT_PAUTH_H

#include <stdbool.h>
#include <stdint.h>

struct pauth {
  uint64_t hi, lo;      // the key, as its registers AP.KeyHi, AP.KeyLo
  uint64_t tcr;         // TCR_EL1: address sizes, TBI0/1, TBID0/1
  bool data;            // DA or DB, else IA or IB
  bool b;               // IB or DB
  bool impdef;          // our own fast algorithm instead of QARMA5
  bool epac, pauth2;    // FEAT_EPAC, FEAT_PAuth2
};

// ComputePAC: 64 bits that depend on all arguments. QARMA5 is the block cipher
// QARMA5-64-sigma2 (R. Avanzi, 2016) as the Arm ARM uses it.
uint64_t pauth_qarma5(uint64_t data, uint64_t modifier, uint64_t hi,
                      uint64_t lo);
uint64_t pauth_impdef(uint64_t data, uint64_t modifier, uint64_t hi,
                      uint64_t lo);

// PAC*: the pointer with its code.
uint64_t pauth_sign(const struct pauth *, uint64_t pointer,
                    uint64_t modifier);
// AUT*: whether the code is right; *result is the pointer without it, or, if
// it is wrong, one that cannot be used.
bool pauth_authenticate(const struct pauth *, uint64_t pointer,
                        uint64_t modifier, uint64_t *result);
// XPAC*: the pointer without its code.
uint64_t pauth_strip(uint64_t tcr, bool data, uint64_t pointer);

#endif
