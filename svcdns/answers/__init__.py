"""answers: cluster objects -> ready answers (DNS-Based Service Discovery 1.1.0). Pure.

The way of a question, from the outside in:

    table             answers that are ready, by question octets; dependency says what to drop
    lookup            Stanza: one `kubernetes` stanza of the Corefile; finds the zone
    names             the grammar: what the labels below a zone mean, whatever the cluster holds
    service_lookup    names below `svc`: what the cluster has there, or why it has nothing
    chase             CNAMEs: within the zone at once, outside through `ask`
    service_records   ClusterIP, headless, SRV -> RRsets
    pod_records       pod names
    reverse_records   addresses -> names
    reverse_tree      nodes above addresses: does any begin so?
    name_servers      names under which this process itself is reached
    external_records  names seen from outside: `external_target` what they mean, `external_parts`
                      what a Service is there, `external_zone` all of them
    negative          NODATA and NXDOMAIN, with the zone's SOA
    reason            one sentence about why; made when somebody reads it

For zones that do not come from a cluster:

    zone              RRsets -> answers: delegations, wildcards, aliases
    hosts             names and addresses of a hosts file
    transfer          a whole zone as messages; that of a cluster as RRsets

    kept, raw         what an upstream said, to be said again

and the values they share: `answer` (what is said, and what it depends on), `asked` (a question
on its way), `settings` (the stanza). The cluster's state is read, never changed; nothing here
knows a clock, a socket or a client.
"""
