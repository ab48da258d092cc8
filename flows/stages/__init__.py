"""The stages of the pipeline: plain functions, paths in, paths out."""
