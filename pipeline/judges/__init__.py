"""The judges, which are frozen networks that score images: first features, then statistics, then a number."""
