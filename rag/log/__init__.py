"""Questions are written down durably, wherever there is room for them."""
