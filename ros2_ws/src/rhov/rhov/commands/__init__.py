"""The subcommands of `rhov`, by what they are about."""
