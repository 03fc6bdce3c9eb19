"""Objects from a live API server: list, watch, and everything that can go wrong on the way.

- `protocol` what a reflector needs of an API server · `resources` which collections a stanza needs
- `watch` all resources of a cluster · `reflector` one of them, `parts` what it is made of
- `observer` who is told about it
- `course` what to do next, pure · `pace` how fast · `audit`, `auditor` do both sides agree
- `requests`, `reading` the four requests · `stream` octets -> events
- `intake`, `collection` objects, on their way and as they are
- `standing` lost, forbidden and over · `failure` what may come instead of an answer

The way there:

- `access` as the operator said it · `destination`, `kubeconfig` what that means once files are read
- `connection` which server, as whom, when · `servers` fail-over · `throttle` how many requests
- `credentials`, `identity`, `certificates` who we are and whom we trust, as it stands now
- `anonymous` a server that does not know us and does not say so
- `client` HTTP, the only door to the package kubernetes, which stays `hollow`
- `lost` sentences for a person

For commands that look once: `single` one document, `reviews` permissions, `peer_certificate`
"""
