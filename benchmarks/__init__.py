"""How fast Flask-SessionPlus is, beside what else there is, measured in one run.

``python -m benchmarks`` prints the tables and says of each target whether it is reached.
"""
