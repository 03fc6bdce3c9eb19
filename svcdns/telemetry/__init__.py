"""What the process says about itself.

log         lines for people, on stdout
fields      the values in such a line, as text or JSON
duration    spans of time as those lines spell them
metrics     every metric there is, and the numbers not counted per exchange
exposition  the page a scraper gets; the only door to prometheus_client
status      who is not ready, who is degraded, and why

Nothing here decides anything: rooms to the left report, operators and probes read.
"""
