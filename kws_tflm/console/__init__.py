"""The board's serial console: line protocol (pure), transports, live view, scoring against labels."""
