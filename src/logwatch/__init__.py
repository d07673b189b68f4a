"""logwatch tells you, from the logs of training and GPU jobs, what broke, why, and what to do first.

The command line and the HTTP endpoints are the public interface; the Python modules are private.
"""

__version__ = "0.1.0"
