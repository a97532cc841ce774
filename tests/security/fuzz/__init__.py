"""Whatever can be sent by an address or a form, drawn by Hypothesis: a little in `make test`, much in `make security`."""
