"""A fuzzer for the decoder: damaged recordings of many formats, read in processes that may crash."""
