"""The operations floor: what operators and approvers see and do over HTTP."""
