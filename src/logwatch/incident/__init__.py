"""How we think: matches become events, events become incidents. Pure; time is an argument."""
