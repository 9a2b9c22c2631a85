"""Live questions that are judged: drawn, judged by a machine, labelled by people."""
