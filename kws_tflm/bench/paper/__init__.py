"""The study of arXiv 2208.02765 on an equal footing: methods against sparsity, for the network of the paper.

`layers` the network; `tensors` its numbers in each element type; `masks` what is pruned; `methods` what each
kernel of custom_ops/paper_study reads; `reference` what it must give; `image`, `measure` how it is run;
`report`, `plots`, `command` what comes out.
"""
