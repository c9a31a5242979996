// What to compute: written by kws_tflm/evaluate/second_opinion.py, read by vectors.h.
  .section .rodata.vectors, "a"
  .balign 16
  .global kVectors
kVectors:
  .incbin KWS_VECTORS
