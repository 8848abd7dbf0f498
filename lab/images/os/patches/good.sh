# Nothing but the version changes.
