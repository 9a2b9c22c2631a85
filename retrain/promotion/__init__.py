"""From an approved candidate to the live release, and back: nothing is lost, no question fails."""
