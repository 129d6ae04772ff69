"""The attribution report: one document (`document`, `assemble`) and its renderings (`render`)."""
