// A program as others write it: newlib over semihosting, with a vector table or without.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef VECTORS
void _start(void);
static void Reset(void) {
  *(volatile unsigned*)0xE000ED88 |= 0xF << 20;
  __asm volatile("dsb; isb");
  _start();
}
__attribute__((section(".vectors"), used)) static void* const vectors[] = {(void*)0x20080000, Reset};
#endif
int main(int argc, char** argv) {
  volatile float third = 1.0f;
  for (int i = 0; i < 3; ++i) third /= 2;
  printf("arguments %d %s\n", argc, argv[0]);
  printf("float %.4f\n", third);
  fprintf(stderr, "to stderr\n");
  errno = 0;
  FILE* file = fopen("absent.txt", "r");
  printf("file %d errno %d\n", file != NULL, errno);
  printf("input %d\n", getchar());
  const clock_t start = clock();
  while (clock() < start + 3) {
  }
  char* memory = malloc(50000);
  printf("heap %d\n", memory != NULL);
  exit(EXIT_CODE);
}
