"""Pipeline of the Cortex-M7: one data file of timing rules, and instructions decoded into what the rules need."""
