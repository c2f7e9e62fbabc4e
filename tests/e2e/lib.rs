//! Drives the built programs over HTTP and processes only.
