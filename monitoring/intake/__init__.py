"""The log becomes what a check looks at: thinned, kept, joined; and a sample of the passages."""
