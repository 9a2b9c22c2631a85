"""The operations floor: what operators and approvers see and do, over HTTP and at the terminal."""
