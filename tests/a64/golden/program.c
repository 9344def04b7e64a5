// SPDX-License-Identifier: MIT
// Integer C of many shapes, for its compiler output.
#include <stdint.h>
#include <stddef.h>
typedef struct node { struct node *next; uint32_t key; uint16_t h; int8_t c; uint64_t v[4]; } node;
static node pool[16]; int counter = 3; const char *names[] = {"one","two","three"}; static const uint16_t tab[]={1,2,3,4,5,60000};
extern uint64_t ext(uint64_t, int);
uint64_t ext(uint64_t a, int b){ return (a>>b)|(a<<(64-b)); }
node *find(node *l, uint32_t k){ while(l && l->key!=k) l=l->next; return l; }
int insert(node **l, uint32_t k){ for(int i=0;i<16;i++) if(!pool[i].key){ pool[i].key=k; pool[i].next=*l; pool[i].h=k*3; pool[i].c=-k; *l=&pool[i]; counter++; return i;} return -1; }
int64_t sum(const int32_t *a, size_t n){ int64_t s=0; for(size_t i=0;i<n;i++) s+=a[i]*(int64_t)a[n-1-i]; return s; }
uint32_t crc(const uint8_t *p, size_t n){ uint32_t c=~0u; while(n--){ c^=*p++; for(int k=0;k<8;k++) c=(c>>1)^(0xedb88320u&-(c&1)); } return ~c; }
const char *name(unsigned i){ return i<3?names[i]:"none"; }
int sw(int x, int y){ switch(x){case 0:return y+1;case 1:return y*7;case 2:return y/3;case 3:return y%10;case 4:return y<<3;case 5: return y>>2;case 6:return -y;case 7:return ~y;default:return tab[x%6];} }
__int128 mul(int64_t a,int64_t b){ return (__int128)a*b; }
uint64_t umulh(uint64_t a,uint64_t b){ return ((unsigned __int128)a*b)>>64; }
void sort(int *a,int n){ for(int i=1;i<n;i++){int v=a[i],j=i;while(j&&a[j-1]>v){a[j]=a[j-1];j--;}a[j]=v;} }
uint64_t bits(uint64_t x){ return __builtin_popcountll(0)+__builtin_clzll(x|1)+__builtin_ctzll(x|1)+__builtin_bswap64(x)+((x>>5)&0x3f)+(uint8_t)(x>>9)+(int16_t)x; }
int fib(int n){ return n<2?n:fib(n-1)+fib(n-2); }
uint64_t big(void){ return 0x123456789abcdef0ull ^ 0xff00ff00ff00ff00ull; }
int atom(int *p){ return __atomic_fetch_add(p,1,__ATOMIC_SEQ_CST)+__atomic_exchange_n(p,5,__ATOMIC_ACQ_REL); }
char buf[300]; void fill(char*d,const char*s){ while((*d++=*s++)); }
int (*fp)(int)=fib; int callfp(int a){ return fp(a)+fp(a+1); }
int main(void){ node*l=0; for(int i=1;i<9;i++) insert(&l,i); fill(buf,name(1)); return (int)sum((int*)buf,9)+sw(counter,2)+(int)crc((uint8_t*)buf,20); }
