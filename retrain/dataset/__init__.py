"""What is learned from and judged by: questions with their passages, mined, reworded, split without leaks."""
