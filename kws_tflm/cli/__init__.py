"""Command line: one verb a file, one table of verbs, errors caught in one place (`kws_tflm.cli.main`)."""
