//! Stand-ins for providers, faithful to their contracts, for tests and for rehearsing a file.
